using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Pantry.Transport.Gates;

/// <summary>
/// The dialling gate: keeps one link from our endpoint to a server, for ever, and says why whenever there is none.
/// </summary>
internal sealed class ClientGate : IAsyncDisposable
{
    private readonly DialOptions _options;
    private readonly GateContext _context;
    private readonly Dialer _dialer;
    private readonly Action<GateLinkState>? _onState;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private GateConnection? _connection;
    private TaskCompletionSource _redial = NewSignal();
    private CancellationTokenSource? _attempt;
    private bool _isStarted;
    private Task _running = Task.CompletedTask;
    private Task? _stopped;
    private int _failures;

    /// <summary>Makes a gate that does nothing before <see cref="Start"/>.</summary>
    /// <param name="options">Whom to dial.</param>
    /// <param name="backend">Where our endpoint is bound.</param>
    /// <param name="profile">What the server may be and send.</param>
    /// <param name="limits">All bounds.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">For what goes wrong.</param>
    /// <param name="onState">Told of every change, off any lock; it must not block.</param>
    /// <param name="bypass">What passes our endpoint, if anything does.</param>
    public ClientGate(
        DialOptions options,
        IPEndPoint backend,
        GateProfile profile,
        GateLimits limits,
        TimeProvider time,
        ILogger log,
        Action<GateLinkState>? onState = null,
        FrameBypass? bypass = null)
    {
        _options = options;
        _context = new GateContext(backend, profile, limits, time, log) { Bypass = bypass };
        _dialer = new Dialer(options, limits, time);
        _onState = onState;
    }

    /// <summary>What was let in and what was refused.</summary>
    public GateCounters Counters => _context.Counters;

    /// <summary>Bytes of the frame budget that are taken now.</summary>
    public long BudgetTaken => _context.Budget.Taken;

    /// <summary>Begins to dial.</summary>
    public void Start()
    {
        lock (_lock)
        {
            if (_isStarted || _stopped is not null)
                throw new InvalidOperationException("A gate is started once.");
            _isStarted = true;
            _context.Sweep.Begin(Sweep);
            _running = Task.Run(RunAsync);
        }
    }

    /// <summary>The layer above has found the server to be the right one: the next back-off begins anew.</summary>
    public void ForgetFailures()
    {
        lock (_lock)
            _failures = 0;
    }

    /// <summary>Drops the present link or attempt and dials at once, with a fresh back-off.</summary>
    public void Redial()
    {
        GateConnection? connection;
        CancellationTokenSource? attempt;
        TaskCompletionSource redial;
        lock (_lock)
        {
            _failures = 0;
            connection = _connection;
            attempt = _attempt;
            redial = _redial;
        }

        redial.TrySetResult();
        try
        {
            attempt?.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The attempt ended meanwhile, which serves as well.
        }

        connection?.Cut(GateRefusal.Stopped);
    }

    /// <summary>
    /// Dials no more, lets the link end that our endpoint closes (it closes first, after its own linger), and cuts it
    /// at the deadline. Afterwards nothing of the gate is left.
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
        if (drain > TimeSpan.Zero)
            await Task.WhenAny(_running, _context.Clock.Delay(drain, CancellationToken.None));
        Connection?.Cut(GateRefusal.Stopped);
        await _running;
        await _context.Sweep.DisposeAsync();
    }

    private GateConnection? Connection
    {
        get
        {
            lock (_lock)
                return _connection;
        }
    }

    private async Task RunAsync()
    {
        long awaySince = _context.Clock.Now;
        while (!_stopping.IsCancellationRequested)
        {
            Task redial;
            lock (_lock)
            {
                _redial = NewSignal();
                redial = _redial.Task;
            }

            long upSince = GateClock.Never;
            GateFault fault = await AttemptAsync(() => upSince = _context.Clock.Now);
            // Only a link that lasted earns a fresh start: a server that lets in and cuts at once is no reason to hurry.
            bool lasted = upSince != GateClock.Never
                && _context.Clock.Now - upSince >= _options.StableAfter.TotalMilliseconds;
            int failures;
            lock (_lock)
            {
                if (lasted || redial.IsCompleted)
                    _failures = 0;
                if (_failures == 0 && upSince != GateClock.Never)
                    awaySince = _context.Clock.Now;
                failures = redial.IsCompleted ? 0 : ++_failures;
            }

            Tell(GateLinkState.Down(fault, failures));
            if (!redial.IsCompleted)
                await WaitAsync(failures, TimeSpan.FromMilliseconds(_context.Clock.Now - awaySince), redial);
            else
                awaySince = _context.Clock.Now;
        }
    }

    private async Task WaitAsync(int failures, TimeSpan away, Task redial)
    {
        TimeSpan wait = _options.Backoff.Wait(failures, away, Random.Shared.NextDouble());
        using var over = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        await Task.WhenAny(_context.Clock.Delay(wait, over.Token), redial);
        await over.CancelAsync();
    }

    /// <summary>Dials once and runs the link to its end.</summary>
    private async Task<GateFault> AttemptAsync(Action up)
    {
        using var attempt = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        lock (_lock)
            _attempt = attempt;
        try
        {
            Socket socket = await _dialer.DialAsync(attempt.Token);
            using var connection = new GateConnection(socket, _context)
            {
                Linked = () =>
                {
                    up();
                    Tell(GateLinkState.Up);
                },
            };
            lock (_lock)
                _connection = connection;
            // A Redial or a stop between dialling and here has not seen the connection.
            if (attempt.IsCancellationRequested)
                connection.Cut(GateRefusal.Stopped);
            Counters.CountOpened();
            await connection.RunAsync();
            Counters.CountClosed();
            return GateFaults.Ended(_options.Target, connection, _context.Profile, _context.Limits);
        }
        catch (DialFault error)
        {
            return error.Fault;
        }
        catch (OperationCanceledException)
        {
            return new GateFault(GateFaultKind.Dropped, $"Dialling {_options.Target} was given up by this side.");
        }
        catch (Exception error)
        {
            _context.Log.LogError(error, "Dialling {Target} failed in an unexpected way.", _options.Target);
            return new GateFault(GateFaultKind.Unreachable, $"{_options.Target} cannot be reached ({error.GetType().Name}); see the log.");
        }
        finally
        {
            lock (_lock)
            {
                _connection = null;
                _attempt = null;
            }
        }
    }

    private void Tell(GateLinkState state)
    {
        try
        {
            _onState?.Invoke(state);
        }
        catch (Exception error)
        {
            // A listener's error is not the link's.
            _context.Log.LogError(error, "A listener to the state of the link failed.");
        }
    }

    private void Sweep() => Connection?.Check(_context.Clock.Now);

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
