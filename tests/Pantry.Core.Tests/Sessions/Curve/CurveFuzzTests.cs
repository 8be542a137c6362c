using CsCheck;
using Pantry.Sessions.Curve;
using Pantry.Tests.Security;

namespace Pantry.Tests.Sessions.Curve;

/// <summary>Any bytes: the engine ends in a verdict, throws nothing and takes little memory.</summary>
public sealed class CurveFuzzTests : IDisposable
{
    private readonly CurveRig _rig = new();
    private readonly Gen<byte[]> _commands;

    public CurveFuzzTests()
    {
        CurveClientHandshake client = _rig.Client();
        byte[] hello = client.Hello();
        byte[] welcome = _rig.Welcome(hello);
        byte[] initiate = client.Receive(welcome).Reply!;
        (byte[] ready, CurveSession session) = _rig.Accept(initiate);
        byte[] message = session.Seal(new byte[100], more: false);
        Gen<byte[]> valid = Gen.OneOf([.. new[] { hello, welcome, initiate, ready, message, CurveServer.Error("no") }.Select(Gen.Const)]);
        _commands = Gen.OneOf(Mutated(valid), Named(valid), Gen.Byte.Array[0, 300]);
    }

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void The_server_says_what_it_thinks_of_any_bytes() => _commands.Sample(
        command => Fuzz.Measured(() =>
        {
            CurveHelloResult hello = _rig.Server.Hello(command, CurveRig.Binding);
            Assert.Equal(hello.Fault == CurveFault.None, hello.Welcome is not null);
            CurveInitiateResult initiate = _rig.Server.Initiate(command, CurveRig.Binding);
            Assert.Equal(initiate.Fault == CurveFault.None, initiate.Pending is not null);
            initiate.Pending?.Dispose();
        }),
        iter: Fuzz.Iterations);

    [Fact]
    public void The_client_says_what_it_thinks_of_any_bytes_before_and_after_WELCOME()
    {
        Gen.Select(_commands, Gen.Bool).Sample(
            (command, early) =>
            {
                using CurveClientHandshake client = new(_rig.ClientPair, _rig.ServerPair.PublicKey, CurveMetadata.Of());
                byte[] hello = client.Hello();
                if (!early)
                    Assert.Equal(CurveFault.None, client.Receive(_rig.Welcome(hello)).Fault);
                Fuzz.Measured(() =>
                {
                    // Nothing here is of this handshake: only a well-formed ERROR changes it.
                    CurveClientStep step = client.Receive(command);
                    Assert.NotEqual(CurveFault.None, step.Fault);
                    Assert.Null(step.Session);
                    Assert.Equal(step.Fault == CurveFault.RefusedByPeer, step.Reason is not null);
                });
            },
            iter: Fuzz.Iterations);
    }

    [Fact]
    public void A_session_says_what_it_thinks_of_any_bytes_and_still_works()
    {
        (CurveSession client, CurveSession server) = _rig.Sessions();
        Gen<byte[]> messages = Gen.OneOf(Mutated(Gen.Byte.Array[0, 200].Select(data => client.Seal(data, more: false))), _commands);
        messages.Sample(
            command => Fuzz.Measured(() =>
            {
                if (server.Open(command, out byte[] data, out _) != CurveFault.None)
                    Assert.Empty(data);
            }),
            iter: Fuzz.Iterations);
        Assert.Equal(CurveFault.None, server.Open(client.Seal([7], more: false), out byte[] last, out _));
        Assert.Equal([7], last);
    }

    [Fact]
    public void Metadata_of_any_bytes_are_refused_or_come_out_the_same() =>
        Gen.OneOf(Mutated(Gen.Const(CurveMetadata.Of(("Socket-Type", "DEALER"), ("Identity", "")).Encode())), Gen.Byte.Array[0, 300]).Sample(
            bytes => Fuzz.Measured(() =>
            {
                if (CurveMetadata.TryDecode(bytes) is { } metadata)
                    Assert.Equal(bytes, metadata.Encode());
            }),
            iter: Fuzz.Iterations);

    /// <summary>Bytes with up to three of them changed, then cut or made longer; often none.</summary>
    private static Gen<byte[]> Mutated(Gen<byte[]> valid) =>
        from bytes in valid
        from changes in Gen.Select(Gen.Int[0, int.MaxValue], Gen.Byte).Array[0, 3]
        from cut in Gen.OneOf(Gen.Const(0), Gen.Const(0), Gen.Int[1, 300])
        from more in Gen.OneOf(Gen.Const((byte[])[]), Gen.Byte.Array[0, 40])
        select Change(bytes, changes, cut, more);

    /// <summary>The name and size of a command, and nothing else of it.</summary>
    private static Gen<byte[]> Named(Gen<byte[]> valid) =>
        from bytes in valid
        from body in Gen.Byte.Array[bytes.Length]
        select (byte[])[.. bytes.AsSpan(0, 6), .. body.AsSpan(6)];

    private static byte[] Change(byte[] bytes, (int Place, byte Value)[] changes, int cut, byte[] more)
    {
        byte[] changed = [.. bytes];
        foreach ((int place, byte value) in changes)
        {
            if (changed.Length > 0)
                changed[place % changed.Length] = value;
        }

        return [.. changed.AsSpan(0, Math.Max(0, changed.Length - cut)), .. more];
    }
}
