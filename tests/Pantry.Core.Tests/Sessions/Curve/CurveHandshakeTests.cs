using Pantry.Sessions.Curve;

namespace Pantry.Tests.Sessions.Curve;

/// <summary>Handshakes that go as they should, and in which order.</summary>
public sealed class CurveHandshakeTests : IDisposable
{
    private readonly CurveRig _rig = new();

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void Both_sides_learn_the_others_key_and_metadata_and_can_talk()
    {
        CurveClientHandshake client = _rig.Client(metadata: CurveMetadata.Of(("Socket-Type", "DEALER"), ("Pantry-Role", "Client")));
        byte[] hello = client.Hello();
        Assert.Equal(200, hello.Length);
        byte[] welcome = _rig.Welcome(hello);
        Assert.Equal(168, welcome.Length);
        byte[] initiate = client.Receive(welcome).Reply!;
        CurveInitiateResult result = _rig.Server.Initiate(initiate, CurveRig.Binding);
        Assert.Equal(CurveFault.None, result.Fault);
        Assert.Equal(_rig.ClientPair.PublicKey, result.Client);
        Assert.Equal("Client", result.Metadata!.Text("pantry-role"));
        Assert.Equal(16, result.CookieNonce!.Length);

        (byte[] ready, CurveSession server) = result.Pending!.Accept(CurveMetadata.Of(("Pantry-Network", "home")));
        CurveClientStep step = client.Receive(ready);
        Assert.Equal(CurveFault.None, step.Fault);
        Assert.Equal("home", step.PeerMetadata!.Text("Pantry-Network"));
        using CurveSession ours = step.Session!;
        using (server)
        {
            Assert.Equal(CurveFault.None, server.Open(ours.Seal("to"u8, more: true), out byte[] data, out bool more));
            Assert.Equal("to"u8, data);
            Assert.True(more);
            Assert.Equal(CurveFault.None, ours.Open(server.Seal("fro"u8, more: false), out data, out more));
            Assert.Equal("fro"u8, data);
            Assert.False(more);
        }
    }

    [Fact]
    public void A_client_written_from_the_specification_alone_is_understood()
    {
        using var client = new ForgingClient(_rig.ServerPair.PublicKey);
        CurveInitiateResult result = _rig.Server.Initiate(client.Initiate(_rig.Welcome(client.Hello())), CurveRig.Binding);
        Assert.Equal(CurveFault.None, result.Fault);
        Assert.Equal(client.NamedKey, result.Client!.Bytes.ToArray());
        result.Pending!.Dispose();
    }

    [Fact]
    public void Two_handshakes_share_no_bytes_that_could_name_the_client()
    {
        byte[] first = _rig.Initiate(_rig.Client());
        byte[] second = _rig.Initiate(_rig.Client());
        Assert.Equal(-1, first.AsSpan().IndexOf(_rig.ClientPair.PublicKey.Bytes));
        Assert.Equal(-1, second.AsSpan().IndexOf(first.AsSpan(113, 32)));
    }

    [Fact]
    public void HELLO_may_be_sent_again_before_the_answer()
    {
        CurveClientHandshake client = _rig.Client();
        byte[] hello = client.Hello();
        Assert.Equal(hello, client.Hello());
        Assert.Equal(CurveFault.None, client.Receive(_rig.Welcome(hello)).Fault);
    }

    [Fact]
    public void Commands_out_of_their_order_are_refused_and_change_nothing()
    {
        CurveClientHandshake other = _rig.Client();
        byte[] otherInitiate = _rig.Initiate(other);
        (byte[] otherReady, CurveSession session) = _rig.Accept(otherInitiate);
        byte[] message = session.Seal([], more: false);

        CurveClientHandshake client = _rig.Client();
        Assert.Equal(CurveFault.OutOfOrder, client.Receive(CurveServer.Error("early")).Fault);
        byte[] hello = client.Hello();
        Assert.All([hello, otherInitiate, otherReady, message], command => Assert.Equal(CurveFault.OutOfOrder, client.Receive(command).Fault));
        byte[] welcome = _rig.Welcome(hello);
        CurveClientStep step = client.Receive(welcome);
        Assert.All([hello, welcome, otherInitiate, message], command => Assert.Equal(CurveFault.OutOfOrder, client.Receive(command).Fault));
        Assert.Equal(CurveFault.WrongKey, client.Receive(otherReady).Fault);
        (byte[] ready, _) = _rig.Accept(step.Reply!);
        Assert.Equal(CurveFault.None, client.Receive(ready).Fault);
        Assert.Equal(CurveFault.OutOfOrder, client.Receive(ready).Fault);

        Assert.All([welcome, ready, message], command =>
        {
            Assert.Equal(CurveFault.OutOfOrder, _rig.Server.Hello(command, CurveRig.Binding).Fault);
            Assert.Equal(CurveFault.OutOfOrder, _rig.Server.Initiate(command, CurveRig.Binding).Fault);
            Assert.Equal(command == message ? CurveFault.WrongKey : CurveFault.OutOfOrder, OpenWithAnotherSession(command));
        });
    }

    [Fact]
    public void An_ERROR_ends_the_handshake_with_its_reason()
    {
        CurveClientHandshake client = _rig.Client();
        byte[] welcome = _rig.Welcome(client.Hello());
        CurveClientStep step = client.Receive(CurveServer.Error("400 \u001b[1m no ä"));
        Assert.Equal(CurveFault.RefusedByPeer, step.Fault);
        Assert.Equal("400 ?[1m no ?", step.Reason);
        Assert.Equal(CurveFault.OutOfOrder, client.Receive(welcome).Fault);
    }

    [Fact]
    public void An_ERROR_after_INITIATE_is_a_refusal_too_and_its_bytes_are_shown_as_ASCII()
    {
        CurveClientHandshake client = _rig.Client();
        _ = _rig.Initiate(client);
        CurveClientStep step = client.Receive([.. "\u0005ERROR"u8, 3, 0x1b, (byte)'a', 0xff]);
        Assert.Equal(CurveFault.RefusedByPeer, step.Fault);
        Assert.Equal("?a?", step.Reason);
    }

    [Fact]
    public void An_ERROR_holds_no_more_than_255_bytes() =>
        Assert.Equal(262, CurveServer.Error(new string('x', 1000)).Length);

    [Fact]
    public void A_pending_session_is_accepted_once()
    {
        CurveInitiateResult result = _rig.Server.Initiate(_rig.Initiate(_rig.Client()), CurveRig.Binding);
        _rig.Made(result.Pending!.Accept(CurveMetadata.Of()).Session);
        Assert.Throws<ObjectDisposedException>(() => result.Pending.Accept(CurveMetadata.Of()));
    }

    [Fact]
    public async Task One_server_serves_several_threads_while_its_cookie_keys_are_rotated()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        Task[] clients = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(
            () =>
            {
                for (int i = 0; i < 10; i++)
                {
                    using var client = new CurveClientHandshake(_rig.ClientPair, _rig.ServerPair.PublicKey, CurveMetadata.Of());
                    byte[] initiate = client.Receive(_rig.Server.Hello(client.Hello(), CurveRig.Binding).Welcome!).Reply!;
                    CurveInitiateResult result = _rig.Server.Initiate(initiate, CurveRig.Binding);
                    Assert.Equal(CurveFault.None, result.Fault);
                    (byte[] ready, CurveSession session) = result.Pending!.Accept(CurveMetadata.Of());
                    session.Dispose();
                    CurveClientStep step = client.Receive(ready);
                    Assert.Equal(CurveFault.None, step.Fault);
                    step.Session!.Dispose();
                }
            }, deadline.Token))];
        _rig.Server.RotateCookieKeys();
        await Task.WhenAll(clients).WaitAsync(deadline.Token);
    }

    private CurveFault OpenWithAnotherSession(byte[] command) => _rig.Sessions().Client.Open(command, out _, out _);
}
