using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Pantry.Transport.Gates;

/// <summary>
/// The listening gate: the only code that touches connections strangers make. Our endpoint sits behind it on loopback
/// and meets one connection, over which the messages of all peers come that have passed.
/// </summary>
internal sealed class ServerGate : IAsyncDisposable
{
    private static readonly TimeSpan PlacePoll = TimeSpan.FromMilliseconds(5);

    private readonly GateContext _context;
    private readonly AdmissionControl _admission;
    private readonly List<Socket> _listeners;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<ulong, PeerConnection> _connections = [];
    private readonly IGateTraffic _traffic;
    private readonly Task _accepting;
    private ulong _lastNumber;
    private Task? _stopped;

    private ServerGate(List<Socket> listeners, GateContext context, Func<byte[], Task>? naming)
    {
        _listeners = listeners;
        _context = context;
        _traffic = context.Profile.SubscriptionsOnly
            ? new TopicFanOut(context, LinkEnded, _stopping.Token)
            : new NumberedTraffic(context, Find, naming, LinkEnded, _stopping.Token);
        _admission = new AdmissionControl(context.Limits, context.Clock);
        EndPoints = [.. listeners.Select(listener => (IPEndPoint)listener.LocalEndPoint!)];
        context.Sweep.Begin(Sweep);
        _accepting = Task.WhenAll(listeners.Select(listener => Task.Run(() => AcceptAsync(listener))));
    }

    /// <summary>Where it listens, with the ports that were picked.</summary>
    public IReadOnlyList<IPEndPoint> EndPoints { get; }

    /// <summary>What it let in and what it refused.</summary>
    public GateCounters Counters => _context.Counters;

    /// <summary>Bytes of the frame budget that are taken now.</summary>
    public long BudgetTaken => _context.Budget.Taken;

    /// <summary>Bytes that connections hold to read into now.</summary>
    public long BufferBytes => _connections.Sum(pair => (long)pair.Value.BufferBytes);

    /// <summary>Bytes that wait for slow peers beyond what each may have.</summary>
    public long OutboundTaken => _context.Outbound.Taken;

    /// <summary>Whether something is under way that our endpoint sent over the present link; without a link nothing is, for it is lost.</summary>
    /// <param name="sent">How much the endpoint sent over it.</param>
    public bool Awaits(long sent) => _traffic.Link.Up.IsCompleted && ((NumberedTraffic)_traffic).Delivered < sent;

    /// <summary>Begins to listen.</summary>
    /// <param name="listen">Where to listen.</param>
    /// <param name="backend">Where our endpoint is bound.</param>
    /// <param name="profile">What peers may be and send.</param>
    /// <param name="limits">All bounds.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">For what goes wrong.</param>
    /// <param name="naming">
    /// Told under which name a link to a ROUTER is going to introduce itself, before it does: nothing that another has to
    /// say there is the gate's.
    /// </param>
    /// <exception cref="PantryException">A port is in use, or an address is not this machine's.</exception>
    public static ServerGate Open(
        IReadOnlyList<IPEndPoint> listen,
        IPEndPoint backend,
        GateProfile profile,
        GateLimits limits,
        TimeProvider time,
        ILogger log,
        Func<byte[], Task>? naming = null)
    {
        var context = new GateContext(backend, profile, limits, time, log);
        return new ServerGate(GateListeners.Open(listen, limits.Backlog), context, naming);
    }

    /// <summary>Where the peer of a connection is; null once it is gone.</summary>
    public string? AddressOf(ulong number) => Find(number)?.From.ToString();

    /// <summary>
    /// Hears a peer no more; its connection ends when our endpoint says so, which is to come next. False if it is gone or
    /// going.
    /// </summary>
    public bool Dismiss(ulong number) => Find(number)?.Dismiss() == true;

    /// <summary>Takes room for a message of so many bytes on the wire, before our endpoint sends it to a peer.</summary>
    public RoomOutcome TryTakeRoom(ulong number, long bytes) => ((NumberedTraffic)_traffic).TryTakeRoom(number, bytes);

    /// <inheritdoc cref="NumberedTraffic.TrySend"/>
    public RoomOutcome TrySend(ulong number, HandedFrame frame) => ((NumberedTraffic)_traffic).TrySend(number, frame);

    /// <summary>A message for which room was taken could not be sent.</summary>
    public void ReturnRoom(ulong number, long bytes) => ((NumberedTraffic)_traffic).ReturnRoom(number, bytes);

    /// <summary>
    /// Accepts no more, waits for our endpoint to close the link (it closes first, after its own linger), lets the peers
    /// have all it sent and the end, and cuts those that do not take it at the deadline. Afterwards nothing of the gate is left.
    /// </summary>
    public Task StopAsync(TimeSpan drain)
    {
        _context.IsStopping = true;
        lock (_lock)
            return _stopped ??= StopOnceAsync(drain);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero);
        _stopping.Dispose();
    }

    private async Task StopOnceAsync(TimeSpan drain)
    {
        // Not under the caller's lock.
        await Task.Yield();
        await _stopping.CancelAsync();
        _listeners.ForEach(listener => listener.Dispose());
        await _accepting;

        using var cut = new CancellationTokenSource();
        Task ended = Task.WhenAll([_traffic.Link.EndAsync(cut.Token), .. _connections.Values.Select(connection => connection.Run)]);
        if (drain > TimeSpan.Zero)
            await Task.WhenAny(ended, _context.Clock.Delay(drain, CancellationToken.None));
        await cut.CancelAsync();
        CutAll(GateRefusal.Stopped);
        await ended;
        await _context.Sweep.DisposeAsync();
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                while (_admission.HalfOpenPause() is { Ticks: > 0 } full)
                    await _context.Clock.Delay(full < PlacePoll ? full : PlacePoll, _stopping.Token);
                Socket peer = await listener.AcceptAsync(_stopping.Token);
                Enter(peer);
                TimeSpan pause = _admission.SpendAccept();
                if (pause > TimeSpan.Zero)
                    await _context.Clock.Delay(pause, _stopping.Token);
            }
            catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException)
            {
                // Stopping; the loop's condition decides.
            }
            catch (Exception error)
            {
                // Out of descriptors, or a peer that went before it was accepted: both pass.
                _context.Log.LogWarning("The gate could not accept a connection: {Error}", error.Message);
                await Task.Delay(TimeSpan.FromMilliseconds(20), _context.Clock.Time, CancellationToken.None);
            }
        }
    }

    private void Enter(Socket peer)
    {
        if (peer.RemoteEndPoint is not IPEndPoint from)
        {
            peer.Dispose();
            return;
        }

        GateRefusal refusal = _admission.TryEnter(from.Address);
        if (refusal != GateRefusal.None)
        {
            Counters.CountRefused(refusal);
            peer.Close(0);
            return;
        }

        Counters.CountOpened();
        var connection = new PeerConnection(peer, from, Interlocked.Increment(ref _lastNumber), _context, _traffic);
        _admission.AddHalfOpen(connection)?.Cut(GateRefusal.HalfOpenEvicted);
        _connections[connection.Number] = connection;
        connection.Run = RunAsync(connection, peer);
    }

    private async Task RunAsync(PeerConnection connection, Socket peer)
    {
        // Not on the accepting loop.
        await Task.Yield();
        try
        {
            GateSocketOptions.Apply(peer, _context.Limits);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The peer is gone already; running finds that out.
        }

        await connection.RunAsync(_admission.Admit);
        if (connection.Reason is not (GateRefusal.None or GateRefusal.Stopped))
            _context.Log.LogDebug("Refused a peer at {Address}: {Reason}", connection.From.Address, connection.Reason);
        _admission.Leave(connection.From.Address, connection);
        _connections.TryRemove(connection.Number, out _);
        Counters.CountClosed();
    }

    /// <summary>Our endpoint has closed the link, or it broke.</summary>
    private void LinkEnded()
    {
        if (!_context.IsStopping)
            CutAll(GateRefusal.BackendUnavailable);
        foreach (PeerConnection connection in _connections.Values)
            connection.EndAfterOutbound();
    }

    private void CutAll(GateRefusal reason)
    {
        foreach ((_, PeerConnection connection) in _connections)
            connection.Cut(reason);
    }

    private void Sweep()
    {
        long now = _context.Clock.Now;
        foreach ((_, PeerConnection connection) in _connections)
            connection.Check(now);
        _admission.Prune();
    }

    /// <summary>A connection that has not ended.</summary>
    private PeerConnection? Find(ulong number) =>
        _connections.TryGetValue(number, out PeerConnection? connection) && !connection.IsGone ? connection : null;
}
