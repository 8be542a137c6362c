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
    private readonly Dictionary<ulong, Entry> _connections = [];
    private readonly Func<ulong, Task>? _ended;
    private readonly DeadlineSweep _sweep;
    private readonly Task _accepting;
    private ulong _lastNumber;
    private Task? _stopped;

    private ServerGate(List<Socket> listeners, GateContext context, Func<ulong, Task>? ended)
    {
        _ended = ended;
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

    /// <summary>Bytes that connections hold to read into now.</summary>
    public long BufferBytes
    {
        get
        {
            long bytes = 0;
            ForEach(connection => bytes += connection.BufferBytes);
            return bytes;
        }
    }

    /// <summary>Begins to listen.</summary>
    /// <param name="listen">Where to listen.</param>
    /// <param name="backend">Where our endpoint is bound.</param>
    /// <param name="profile">What peers may be and send.</param>
    /// <param name="limits">All bounds.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">For what goes wrong.</param>
    /// <param name="ended">
    /// Called with the number of each connection that reached the endpoint, once it has ended. The connection keeps its
    /// place until the task completes, so that no more of them wait than may be open.
    /// </param>
    /// <exception cref="PantryException">A port is in use, or an address is not this machine's.</exception>
    public static ServerGate Open(
        IReadOnlyList<IPEndPoint> listen,
        IPEndPoint backend,
        GateProfile profile,
        GateLimits limits,
        TimeProvider time,
        ILogger log,
        Func<ulong, Task>? ended = null)
    {
        var context = new GateContext(backend, profile, limits, time, log);
        return new ServerGate(GateListeners.Open(listen, limits.Backlog), context, ended);
    }

    /// <summary>Where the peer of a connection is; null once it is gone.</summary>
    public string? AddressOf(ulong number) => Find(number)?.From.ToString();

    /// <summary>Whether what comes from a connection is to be heard.</summary>
    public bool IsHeard(ulong number) => Find(number) is { Connection.IsDismissed: false };

    /// <summary>Ends a connection after the mark, which our endpoint is to send next; false if it is gone or going.</summary>
    public bool Dismiss(ulong number, EndMark mark) => Find(number)?.Connection.Dismiss(mark) == true;

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
        var connection = new GateConnection(peer, _context) { Number = Interlocked.Increment(ref _lastNumber), Admitted = _admission.Admit };
        _admission.AddHalfOpen(connection)?.Cut(GateRefusal.HalfOpenEvicted);
        lock (_lock)
            _connections.Add(connection.Number, new Entry(connection, from, RunAsync(connection, peer, from.Address)));
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
        if (connection.IsLinked)
            await TellEndedAsync(connection.Number);
        _admission.Leave(from, connection);
        lock (_lock)
            _connections.Remove(connection.Number);
        connection.Dispose();
        Counters.CountClosed();
    }

    private async Task TellEndedAsync(ulong number)
    {
        try
        {
            // Whoever stops the gate has no ear for it any more.
            if (_ended is not null)
                await _ended(number).WaitAsync(_stopping.Token);
        }
        catch (OperationCanceledException)
        {
        }
        catch (Exception error)
        {
            _context.Log.LogError(error, "A listener to the ends of connections failed.");
        }
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
            all = [.. _connections.Values.Select(entry => entry.Connection)];
        foreach (GateConnection connection in all)
            action(connection);
    }

    private Task[] Running()
    {
        lock (_lock)
            return [.. _connections.Values.Select(entry => entry.Run)];
    }

    private Entry? Find(ulong number)
    {
        lock (_lock)
            return _connections.GetValueOrDefault(number);
    }

    private sealed record Entry(GateConnection Connection, IPEndPoint From, Task Run);
}
