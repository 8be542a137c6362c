using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Pantry.Daemon.Services;

/// <summary>Asks a service's loop again and again, and tells the service manager that the service is alive only while the loop answers.</summary>
internal sealed class LifeSigns : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly string _name;
    private readonly IRunningService _service;
    private readonly ServiceNotices _notices;
    private readonly ILogger _log;
    private readonly TimeSpan _interval;
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _asking;
    private long _latency;
    private volatile bool _turns = true;

    public LifeSigns(string name, IRunningService service, ServiceNotices notices, ILogger log)
    {
        _name = name;
        _service = service;
        _notices = notices;
        _log = log;
        // Twice in the time that the service manager waits, as its manual asks for.
        _interval = notices.Watchdog is { } watchdog && watchdog / 2 < Interval ? watchdog / 2 : Interval;
        _asking = Task.Run(AskAsync);
    }

    /// <summary>Whether the loop answered when it was last asked.</summary>
    public bool Turns => _turns;

    /// <summary>How long its last answer took.</summary>
    public TimeSpan Latency => TimeSpan.FromTicks(Interlocked.Read(ref _latency));

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _asking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ending.Dispose();
    }

    private async Task AskAsync()
    {
        string said = "";
        using var timer = new PeriodicTimer(_interval);
        do
        {
            _turns = await TurnsAsync();
            if (_ending.IsCancellationRequested)
                return;
            if (!_turns)
            {
                _log.LogError("The loop of the {Name} does not turn; the service manager is not told that it is alive.", _name);
                continue;
            }

            if (_notices.Watchdog is not null)
                _notices.Alive();
            if (_service.Status is { } status && status != said)
                _notices.Status(said = status);
        }
        while (await timer.WaitForNextTickAsync(_ending.Token));
    }

    private async Task<bool> TurnsAsync()
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
        deadline.CancelAfter(_interval);
        long asked = Stopwatch.GetTimestamp();
        try
        {
            return await _service.TurnsAsync(deadline.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or PantryException)
        {
            return false;
        }
        finally
        {
            Interlocked.Exchange(ref _latency, Stopwatch.GetElapsedTime(asked).Ticks);
        }
    }
}
