using Pantry.Configuration;
using Pantry.Security;
using Pantry.Sessions;
using Pantry.Sessions.Curve;
using Pantry.Tests.Storage;
using Pantry.Transport;

namespace Pantry.Tests.Sessions;

/// <summary>This side's handshakes, against the server's side in memory and with a clock that the test sets.</summary>
public sealed class LinkSessionTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly CurveKeyPair _own = CurveKeyPair.Generate();
    private readonly CurveKeyPair _theirs = CurveKeyPair.Generate();
    private readonly CurveServer _server;
    private readonly SetClock _clock = new(DateTimeOffset.UnixEpoch);
    private readonly LinkSession _link;
    private readonly List<byte[]> _sent = [];

    public LinkSessionTests()
    {
        _server = new CurveServer(_theirs);
        _link = NewLink(late: 0);
    }

    [Fact]
    public async Task A_welcome_that_comes_too_late_does_not_end_the_next_handshake()
    {
        await GiveUpAsync();
        byte[] late = _server.Hello(_sent[0], "peer"u8).Welcome!;

        Task next = BeginAsync();
        _link.TryTake([late]);
        Complete(_sent[1]);

        await next.WaitAsync(Deadline);
        Assert.NotNull(_link.Channel);
    }

    [Fact]
    public async Task A_ready_that_comes_too_late_does_not_end_the_next_handshake()
    {
        Task first = BeginAsync();
        _link.TryTake([_server.Hello(_sent[0], "peer"u8).Welcome!]);
        byte[] late = Accept(_sent[1]);
        await EndAsync(first);

        Task next = BeginAsync();
        _link.TryTake([late]);
        Complete(_sent[2]);

        await next.WaitAsync(Deadline);
        Assert.NotNull(_link.Channel);
    }

    [Fact]
    public async Task A_welcome_to_the_connection_before_does_not_end_the_handshake_on_the_next_one()
    {
        Task lost = BeginAsync();
        byte[] late = _server.Hello(_sent[0], "peer"u8).Welcome!;
        Assert.Equal(1, _link.Unanswered);
        _link.Dispose();
        Assert.Equal(PantryErrorCode.ConnectionLost, (await Assert.ThrowsAsync<PantryException>(() => lost.WaitAsync(Deadline))).Code);

        using LinkSession again = NewLink(_link.Unanswered);
        Task next = BeginAsync(again);
        again.TryTake([late]);
        again.TryTake([_server.Hello(_sent[1], "peer"u8).Welcome!]);
        again.TryTake([Accept(_sent[^1])]);

        await next.WaitAsync(Deadline);
        Assert.NotNull(again.Channel);
        Assert.Equal(0, again.Unanswered);
    }

    [Fact]
    public async Task What_connections_in_quick_succession_left_unanswered_adds_up()
    {
        Task first = BeginAsync();
        _link.Dispose();
        await Assert.ThrowsAsync<PantryException>(() => first.WaitAsync(Deadline));
        // Gone before it came to a handshake of its own.
        using LinkSession second = NewLink(_link.Unanswered);
        using LinkSession third = NewLink(second.Unanswered);
        Task next = BeginAsync(third);
        third.TryTake([_server.Hello(_sent[0], "peer"u8).Welcome!]);
        third.TryTake([_server.Hello(_sent[1], "peer"u8).Welcome!]);
        third.TryTake([Accept(_sent[^1])]);

        await next.WaitAsync(Deadline);
        Assert.NotNull(third.Channel);
    }

    [Fact]
    public async Task Another_server_that_answers_each_handshake_once_is_found_out_all_the_same()
    {
        using var other = CurveKeyPair.Generate();
        using var stranger = new CurveServer(other);
        using var elsewhere = new CurveClientHandshake(_own, other.PublicKey, SessionTerms.OfPeer(SessionRole.Client, null));
        byte[] welcome = stranger.Hello(elsewhere.Hello(), "peer"u8).Welcome!;
        using LinkSession link = NewLink(late: 1);
        for (int attempt = 0; attempt < 4; attempt++)
        {
            Task handshake = BeginAsync(link);
            link.TryTake([welcome]);
            await EndAsync(handshake);
        }

        Task last = BeginAsync(link);
        link.TryTake([welcome]);

        Assert.Equal(PantryErrorCode.ServerKeyMismatch, (await Assert.ThrowsAsync<PantryException>(() => last.WaitAsync(Deadline))).Code);
    }

    [Fact]
    public async Task A_refusal_is_told_though_the_link_is_cut_right_behind_it()
    {
        for (int round = 0; round < 50; round++)
        {
            using var cut = new CancellationTokenSource();
            Task handshake = _link.HandshakeAsync(
                frames =>
                {
                    _sent.Add(frames[0]);
                    return Task.FromResult(SendOutcome.Sent);
                },
                cut.Token);
            _link.TryTake([_server.Hello(_sent[^1], "peer"u8).Welcome!]);

            _link.TryTake([CurveServer.Error(SessionRefusal.Write(PantryErrorCode.KeyDenied, "The key was denied."))]);
            cut.Cancel();

            var refused = await Assert.ThrowsAsync<PantryException>(() => handshake.WaitAsync(Deadline));
            Assert.Equal(PantryErrorCode.KeyDenied, refused.Code);
        }
    }

    [Fact]
    public async Task Another_servers_welcome_ends_the_first_handshake()
    {
        using var other = CurveKeyPair.Generate();
        using var stranger = new CurveServer(other);
        Task first = BeginAsync();
        using var elsewhere = new CurveClientHandshake(_own, other.PublicKey, SessionTerms.OfPeer(SessionRole.Client, null));
        _link.TryTake([stranger.Hello(elsewhere.Hello(), "peer"u8).Welcome!]);

        PantryException refused = await Assert.ThrowsAsync<PantryException>(() => first.WaitAsync(Deadline));
        Assert.Equal(PantryErrorCode.ServerKeyMismatch, refused.Code);
    }

    [Fact]
    public async Task Another_servers_welcomes_end_a_later_handshake_too()
    {
        using var other = CurveKeyPair.Generate();
        using var stranger = new CurveServer(other);
        using var elsewhere = new CurveClientHandshake(_own, other.PublicKey, SessionTerms.OfPeer(SessionRole.Client, null));
        byte[] welcome = stranger.Hello(elsewhere.Hello(), "peer"u8).Welcome!;
        await GiveUpAsync();

        // One may be the answer that the first handshake did not wait for; two are not.
        Task next = BeginAsync();
        _link.TryTake([welcome]);
        Assert.False(next.IsCompleted);
        _link.TryTake([welcome]);

        PantryException refused = await Assert.ThrowsAsync<PantryException>(() => next.WaitAsync(Deadline));
        Assert.Equal(PantryErrorCode.ServerKeyMismatch, refused.Code);
    }

    public void Dispose()
    {
        _link.Dispose();
        _server.Dispose();
        _own.Dispose();
        _theirs.Dispose();
    }

    private LinkSession NewLink(int late) => new(new LinkCredentials(_own, _theirs.PublicKey, SessionRole.Client, null), "server", new PantryOptions(), _clock, late);

    private Task BeginAsync() => BeginAsync(_link);

    private Task BeginAsync(LinkSession link) => link.HandshakeAsync(
        frames =>
        {
            _sent.Add(frames[0]);
            return Task.FromResult(SendOutcome.Sent);
        },
        default);

    /// <summary>A handshake that nobody answers in time.</summary>
    private Task GiveUpAsync() => EndAsync(BeginAsync());

    private async Task EndAsync(Task handshake)
    {
        _clock.Fire();
        PantryException late = await Assert.ThrowsAsync<PantryException>(() => handshake.WaitAsync(Deadline));
        Assert.Equal(PantryErrorCode.TimedOut, late.Code);
    }

    private void Complete(byte[] hello)
    {
        _link.TryTake([_server.Hello(hello, "peer"u8).Welcome!]);
        _link.TryTake([Accept(_sent[^1])]);
    }

    private byte[] Accept(byte[] initiate)
    {
        using CurvePendingSession pending = _server.Initiate(initiate, "peer"u8).Pending!;
        (byte[] ready, CurveSession session) = pending.Accept(SessionTerms.OfServer("network"));
        session.Dispose();
        return ready;
    }
}
