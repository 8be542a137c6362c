using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Pantry.Transport.Gates;

/// <summary>
/// The listening gate: the only code that touches connections strangers make. Our endpoint sits behind it on loopback
/// and meets nothing but peers that have passed, and their messages.
/// </summary>
internal sealed class ServerGate : IAsyncDisposable
{
    private static readonly TimeSpan PlacePoll = TimeSpan.FromMilliseconds(5);

    private readonly GateContext _context;
    private readonly AdmissionControl _admission;
    private readonly List<Socket> _listeners;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<GateConnection, Task> _connections = [];
    private readonly DeadlineSweep _sweep;
    private readonly Task _accepting;
    private Task? _stopped;

    private ServerGate(List<Socket> listeners, GateContext context)
    {
        _listeners = listeners;
        _context = context;
        _admission = new AdmissionControl(context.Limits, context.Clock);
        EndPoints = [.. listeners.Select(listener => (IPEndPoint)listener.LocalEndPoint!)];
        _sweep = new DeadlineSweep(context.SweepPeriod, context.Clock.Time, Sweep, context.Log);
        _accepting = Task.WhenAll(listeners.Select(listener => Task.Run(() => AcceptAsync(listener))));
    }

    /// <summary>Where it listens, with the ports that were picked.</summary>
    public IReadOnlyList<IPEndPoint> EndPoints { get; }

    /// <summary>What it let in and what it refused.</summary>
    public GateCounters Counters => _context.Counters;

    /// <summary>Bytes of the frame budget that are taken now.</summary>
    public long BudgetTaken => _context.Budget.Taken;

    /// <summary>Begins to listen.</summary>
    /// <exception cref="PantryException">A port is in use, or an address is not this machine's.</exception>
    public static ServerGate Open(
        IReadOnlyList<IPEndPoint> listen,
        IPEndPoint backend,
        GateProfile profile,
        GateLimits limits,
        TimeProvider time,
        ILogger log)
    {
        var context = new GateContext(backend, profile, limits, time, log);
        return new ServerGate(GateListeners.Open(listen, limits.Backlog), context);
    }

    /// <summary>
    /// Accepts no more, lets connections end that our endpoint closes (it closes first, after its own linger; all it
    /// sent is forwarded), and cuts the rest at the deadline. Afterwards nothing of the gate is left.
    /// </summary>
    public Task StopAsync(TimeSpan drain)
    {
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

        Task ended = Task.WhenAll(Running());
        if (drain > TimeSpan.Zero)
            await Task.WhenAny(ended, _context.Clock.Delay(drain, CancellationToken.None));
        ForEach(connection => connection.Cut(GateRefusal.Stopped));
        await ended;
        await _sweep.DisposeAsync();
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
        if (peer.RemoteEndPoint is not IPEndPoint { Address: { } from })
        {
            peer.Dispose();
            return;
        }

        GateRefusal refusal = _admission.TryEnter(from);
        if (refusal != GateRefusal.None)
        {
            Counters.CountRefused(refusal);
            peer.Close(0);
            return;
        }

        Counters.CountOpened();
        var connection = new GateConnection(peer, _context) { Admitted = _admission.Admit };
        _admission.AddHalfOpen(connection)?.Cut(GateRefusal.HalfOpenEvicted);
        lock (_lock)
            _connections.Add(connection, RunAsync(connection, peer, from));
    }

    private async Task RunAsync(GateConnection connection, Socket peer, IPAddress from)
    {
        // Not on the accepting loop, and not before the connection is listed.
        await Task.Yield();
        try
        {
            GateSocketOptions.Apply(peer, _context.Limits);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The peer is gone already; running finds that out.
        }

        await connection.RunAsync();
        if (connection.Reason is not (GateRefusal.None or GateRefusal.Stopped))
            _context.Log.LogDebug("Refused a peer at {Address}: {Reason}", from, connection.Reason);
        _admission.Leave(from, connection);
        lock (_lock)
            _connections.Remove(connection);
        connection.Dispose();
        Counters.CountClosed();
    }

    private void Sweep()
    {
        long now = _context.Clock.Now;
        ForEach(connection => connection.Check(now));
        _admission.Prune();
    }

    private void ForEach(Action<GateConnection> action)
    {
        GateConnection[] all;
        lock (_lock)
            all = [.. _connections.Keys];
        foreach (GateConnection connection in all)
            action(connection);
    }

    private Task[] Running()
    {
        lock (_lock)
            return [.. _connections.Values];
    }
}
