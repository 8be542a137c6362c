using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Pantry.Configuration;
using Pantry.Security;
using Pantry.Server;
using Pantry.Sessions;
using Pantry.Sessions.Curve;
using Pantry.Tests.EndToEnd;
using Pantry.Transport;

namespace Pantry.Tests.Server;

/// <summary>Who is served, and who is sent away, while more handshakes wait than there is time for.</summary>
public sealed class HandshakeDeskTests : IAsyncDisposable
{
    private const int Places = 8;

    private readonly CurveKeyPair _serverKey = CurveKeyPair.Generate();
    private readonly CurveKeyPair _clientKey = CurveKeyPair.Generate();
    private readonly CurveServer _curve;
    private readonly ServerCounters _counters = new();
    private readonly TaskCompletionSource _free = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentQueue<ulong> _answered = new();
    private readonly ConcurrentDictionary<ulong, byte[]> _welcomes = new();
    private readonly ConcurrentQueue<(ulong Peer, string? Reason)> _refused = new();
    private readonly ConcurrentQueue<ulong> _admitted = new();
    private readonly HandshakeDesk _desk;
    private ulong _busy;

    public HandshakeDeskTests()
    {
        _curve = new CurveServer(_serverKey);
        _desk = new HandshakeDesk(
            _curve, SendAsync, Admit, (peer, reason) => _refused.Enqueue((peer.Number, reason)),
            new PantryOptions { WaitingHandshakes = Places, WaitingHandshakesOfAddress = Places }, _counters, TimeProvider.System, NullLogger.Instance);
    }

    [Fact]
    public async Task Forged_INITIATEs_of_strangers_keep_out_nobody_who_waits()
    {
        await KeepBusyAsync();
        for (ulong known = 1; known <= Places; known++)
            _desk.Offer(Peer(known), NewHandshake().Hello(), 1, isKnownAddress: true);

        for (ulong stranger = 1001; stranger <= 1100; stranger++)
            _desk.Offer(Peer(stranger), Forged(), stranger, isKnownAddress: false);
        _free.SetResult();

        await Fleet.EventuallyAsync(() => _answered.Count == Places, $"answers to those who waited; {_answered.Count} of {Places} came");
        Assert.Equal(Enumerable.Range(1, Places).Select(known => (ulong)known).Order(), _answered.Order());
        Assert.Equal(Enumerable.Repeat("HandshakeBadCookie", 100), _refused.Select(refused => refused.Reason));
    }

    [Fact]
    public async Task Who_has_a_good_cookie_goes_before_those_who_only_knock()
    {
        using CurveClientHandshake handshake = NewHandshake();
        _desk.Offer(Peer(1), handshake.Hello(), 1, isKnownAddress: false);
        await Fleet.EventuallyAsync(() => _welcomes.ContainsKey(1), "the WELCOME");
        byte[] initiate = handshake.Receive(_welcomes[1]).Reply!;
        await KeepBusyAsync();
        for (ulong stranger = 1001; stranger <= 1000 + Places; stranger++)
            _desk.Offer(Peer(stranger), NewHandshake().Hello(), stranger, isKnownAddress: false);

        _desk.Offer(Peer(1), initiate, 1, isKnownAddress: false);
        _free.SetResult();

        await Fleet.EventuallyAsync(() => _admitted.Contains(1UL), "the peer to be let in");
        Assert.Empty(_refused);
        Assert.Equal(1, _counters.DroppedMessages["HandshakesWaiting"]);
    }

    [Fact]
    public async Task A_cookie_of_another_connection_gives_no_place_in_line()
    {
        using CurveClientHandshake handshake = NewHandshake();
        _desk.Offer(Peer(1), handshake.Hello(), 1, isKnownAddress: false);
        await Fleet.EventuallyAsync(() => _welcomes.ContainsKey(1), "the WELCOME");
        byte[] initiate = handshake.Receive(_welcomes[1]).Reply!;

        _desk.Offer(Peer(2), initiate, 1, isKnownAddress: true);

        Assert.Equal((2UL, "HandshakeBadCookie"), Assert.Single(_refused));
    }

    public async ValueTask DisposeAsync()
    {
        _free.TrySetResult();
        await _desk.DisposeAsync();
        _curve.Dispose();
        _serverKey.Dispose();
        _clientKey.Dispose();
    }

    private static PeerId Peer(ulong number) => new(ServerPort.Receive, number);

    // All that tells it from a true one is the cookie, and what is behind that.
    private static byte[] Forged() => [.. CurveCommands.InitiateName, .. RandomNumberGenerator.GetBytes(300)];

    private CurveClientHandshake NewHandshake() => new(_clientKey, _serverKey.PublicKey, SessionTerms.OfPeer(SessionRole.Client, null));

    /// <summary>Has every worker wait, so that all that comes from now on stands in line.</summary>
    private async Task KeepBusyAsync()
    {
        ulong workers = (ulong)Math.Max(1, Environment.ProcessorCount / 2);
        for (ulong busy = 1; busy <= workers; busy++)
        {
            _desk.Offer(Peer(100_000 + busy), NewHandshake().Hello(), 0, isKnownAddress: false);
            await Fleet.EventuallyAsync(() => Volatile.Read(ref _busy) == busy, "the workers to be busy");
        }
    }

    private async Task SendAsync(PeerId peer, byte[] command)
    {
        if (peer.Number > 100_000)
        {
            Interlocked.Increment(ref _busy);
            await _free.Task;
            return;
        }

        _welcomes[peer.Number] = command;
        _answered.Enqueue(peer.Number);
    }

    private void Admit(PeerId peer, CurveInitiateResult initiate)
    {
        initiate.Pending!.Dispose();
        _admitted.Enqueue(peer.Number);
    }
}
