using Microsoft.Extensions.Logging;
using Pantry.Configuration;
using Pantry.Sessions.Curve;
using Pantry.Transport;

namespace Pantry.Server;

/// <summary>
/// Where handshakes wait for the processor: each costs milliseconds, so they are done apart from those who have a session,
/// by a part of the processors, in an order that strangers cannot use to keep others out. A peer has one place at most and
/// an address a share of them; who comes beyond that is dropped and asks again.
/// </summary>
internal sealed class HandshakeDesk : IAsyncDisposable
{
    private const int MaxCommandBytes = 8 * 1024;

    private readonly CurveServer _curve;
    private readonly PantryOptions _options;
    private readonly ServerCounters _counters;
    private readonly Func<PeerId, byte[], Task> _send;
    private readonly Action<PeerId, CurveInitiateResult> _admit;
    private readonly Action<PeerId, string?> _refuse;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Lock _lock = new();
    private readonly HandshakeQueue _queue;
    private readonly UsedCookies _used = new();
    private readonly SemaphoreSlim _work = new(0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task[] _workers;
    private long _rotatedAt;

    /// <param name="curve">The server's side of handshakes.</param>
    /// <param name="send">Sends a command to a peer; must not wait for a peer that does not read.</param>
    /// <param name="admit">Decides about a peer whose handshake stands.</param>
    /// <param name="refuse">Sends a peer away, with a reason where one may be given.</param>
    /// <param name="options">Limits.</param>
    /// <param name="counters">Counters.</param>
    /// <param name="time">Clock.</param>
    /// <param name="log">Log.</param>
    public HandshakeDesk(
        CurveServer curve, Func<PeerId, byte[], Task> send, Action<PeerId, CurveInitiateResult> admit, Action<PeerId, string?> refuse,
        PantryOptions options, ServerCounters counters, TimeProvider time, ILogger log)
    {
        _curve = curve;
        _send = send;
        _admit = admit;
        _refuse = refuse;
        _options = options;
        _counters = counters;
        _time = time;
        _log = log;
        _queue = new HandshakeQueue(options.WaitingHandshakes, options.WaitingHandshakesOfAddress);
        _rotatedAt = time.GetTimestamp();
        // Half of the processors: those who have a session keep the other half, whatever strangers do.
        _workers = [.. Enumerable.Range(0, Math.Max(1, Environment.ProcessorCount / 2)).Select(_ => Task.Run(WorkAsync))];
    }

    /// <summary>Whether frames are a command of a handshake.</summary>
    public static bool IsHandshake(byte[][] frames) =>
        frames is [{ Length: <= MaxCommandBytes } command] && (CurveCommands.IsHello(command) || CurveCommands.IsInitiate(command));

    /// <summary>
    /// Puts a command in line; drops it where there is no place. Who comes with an INITIATE is sent away here without a good
    /// cookie: with one it goes before all who have not shown yet that they answer, and may push them out.
    /// </summary>
    /// <param name="peer">Whose it is.</param>
    /// <param name="command">HELLO or INITIATE.</param>
    /// <param name="share">Whose share of places it takes.</param>
    /// <param name="isKnownAddress">Whether an approved client was seen there.</param>
    public void Offer(PeerId peer, byte[] command, UInt128 share, bool isKnownAddress)
    {
        bool isInitiate = CurveCommands.IsInitiate(command);
        if (isInitiate && !MayGoFirst(peer, command))
        {
            _refuse(peer, $"Handshake{CurveFault.BadCookie}");
            return;
        }

        bool taken, evicted;
        lock (_lock)
        {
            long before = _queue.Evicted;
            taken = _queue.TryAdd(peer, command, share, isInitiate ? 0 : isKnownAddress ? 1 : 2);
            evicted = _queue.Evicted > before;
        }

        if (taken)
            _work.Release();
        if (!taken || evicted)
            _counters.Dropped("HandshakesWaiting");
    }

    /// <summary>A peer is gone: nobody waits for its handshake.</summary>
    public void Forget(PeerId peer)
    {
        lock (_lock)
            _queue.Remove(peer);
    }

    /// <summary>Makes new keys for cookies when it is time.</summary>
    public void Sweep()
    {
        if (_time.GetElapsedTime(_rotatedAt) < _options.CookieLifetime)
            return;
        _rotatedAt = _time.GetTimestamp();
        _curve.RotateCookieKeys();
        _used.Rotate();
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_workers).ConfigureAwait(false);
        _stopping.Dispose();
        _work.Dispose();
    }

    // Who only asks again has its place already: it is not looked at again.
    private bool MayGoFirst(PeerId peer, byte[] command)
    {
        lock (_lock)
        {
            if (_queue.IsFirstClass(peer))
                return true;
        }

        return _curve.HasGoodCookie(command, BindingOf(peer));
    }

    private async Task WorkAsync()
    {
        try
        {
            while (true)
            {
                await _work.WaitAsync(_stopping.Token).ConfigureAwait(false);
                WaitingHandshake? next;
                lock (_lock)
                    next = _queue.Take();
                if (next is { } waiting)
                    await HandleAsync(waiting).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    private async Task HandleAsync(WaitingHandshake waiting)
    {
        try
        {
            byte[] binding = BindingOf(waiting.Peer);
            if (CurveCommands.IsHello(waiting.Command))
            {
                CurveHelloResult hello = _curve.Hello(waiting.Command, binding);
                if (hello.Welcome is { } welcome)
                    await _send(waiting.Peer, welcome).ConfigureAwait(false);
                else
                    _refuse(waiting.Peer, hello.Fault == CurveFault.WrongKey ? "WrongServerKey" : $"Handshake{hello.Fault}");
                return;
            }

            CurveInitiateResult initiate = _curve.Initiate(waiting.Command, binding);
            if (initiate.Fault != CurveFault.None)
                _refuse(waiting.Peer, $"Handshake{initiate.Fault}");
            else if (_used.TryAdd(initiate.CookieNonce!))
                _admit(waiting.Peer, initiate);
            else
                RefuseReplayed(waiting.Peer, initiate);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            _counters.Dropped("HandshakeFailed");
            _log.LogError(exception, "A handshake failed.");
        }
    }

    private static byte[] BindingOf(PeerId peer) => BitConverter.GetBytes(peer.Number);

    private void RefuseReplayed(PeerId peer, CurveInitiateResult initiate)
    {
        initiate.Pending?.Dispose();
        _refuse(peer, "HandshakeReplayed");
    }
}
