using System.Runtime.InteropServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Pantry.Daemon.Services;

/// <summary>
/// Runs a service until it is told to end or ends by itself: tells the service manager how it does, reads the configuration anew when asked, and shows
/// that it is alive only while its loop turns.
/// </summary>
internal sealed class ServiceRunner<T>(
    string name, Func<Loaded<T>> load, Func<T, CancellationToken, Task<IRunningService>> start, ServiceNotices notices, ILogger log)
{
    // A restart cuts running commands off: so long they are waited for.
    private static readonly TimeSpan DrainTime = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan DrainInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan StatusInterval = TimeSpan.FromSeconds(5);

    private readonly Channel<bool> _reloads = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private volatile IRunningService? _running;

    public async Task RunAsync(CancellationToken stop)
    {
        Loaded<T> loaded = load();
        using PosixSignalRegistration? reload = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
        {
            context.Cancel = true;
            _reloads.Writer.TryWrite(true);
        });
        IRunningService running = _running = await start(loaded.Configuration, stop);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Task alive = Task.Run(() => ShowAliveAsync(ending.Token), CancellationToken.None);
        try
        {
            notices.Ready(running.Status);
            log.LogInformation("The {Name} runs: {Status}", name, running.Status);
            while (await NextAsync(running, stop))
            {
                (loaded, running) = await ReloadAsync(loaded, running, stop);
                _running = running;
                notices.Ready(running.Status);
            }
        }
        finally
        {
            notices.Stopping();
            await ending.CancelAsync();
            await alive.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await running.DisposeAsync();
            log.LogInformation("The {Name} has stopped.", name);
        }
    }

    /// <summary>Waits; false when the service is to end, or has.</summary>
    private async Task<bool> NextAsync(IRunningService running, CancellationToken stop)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Task<bool> reload = _reloads.Reader.ReadAsync(waiting.Token).AsTask();
        Task first = await Task.WhenAny(running.Ended, reload);
        await waiting.CancelAsync();
        await ((Task)reload).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (first == running.Ended)
            await running.Ended;
        return first == reload && reload.IsCompletedSuccessfully;
    }

    private async Task<(Loaded<T>, IRunningService)> ReloadAsync(Loaded<T> loaded, IRunningService running, CancellationToken stop)
    {
        notices.Reloading();
        Loaded<T> next;
        try
        {
            next = load();
        }
        catch (Exception exception) when (exception is PantryException or IOException or UnauthorizedAccessException)
        {
            log.LogError("The configuration was not taken over, the one before stays in force: {Error}", CommandWords.Of(exception.Message));
            return (loaded, running);
        }

        if (next.Digest == loaded.Digest)
        {
            log.LogInformation("The configuration was read again; nothing has changed.");
            return (loaded, running);
        }

        await DrainAsync(running, stop);
        // Nobody is asked for a sign of life meanwhile.
        _running = null;
        await running.DisposeAsync();
        try
        {
            IRunningService renewed = await start(next.Configuration, stop);
            log.LogInformation("The {Name} runs with its new configuration: {Status}", name, renewed.Status);
            return (next, renewed);
        }
        catch (PantryException exception)
        {
            log.LogError("The {Name} could not start with its new configuration, and goes on with the one before: {Error}", name, CommandWords.Of(exception.Message));
            return (loaded, await start(loaded.Configuration, stop));
        }
    }

    private async Task DrainAsync(IRunningService running, CancellationToken stop)
    {
        if (running.Busy == 0)
            return;
        log.LogInformation("{Count} commands run; the new configuration waits for them, {Time} at most.", running.Busy, DrainTime);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stop);
        deadline.CancelAfter(DrainTime);
        using var timer = new PeriodicTimer(DrainInterval);
        try
        {
            while (running.Busy > 0)
                await timer.WaitForNextTickAsync(deadline.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            log.LogWarning("{Count} commands have not ended in time and are stopped.", running.Busy);
        }
    }

    private async Task ShowAliveAsync(CancellationToken ending)
    {
        // Twice in the time that the service manager waits, as its manual asks for.
        TimeSpan interval = notices.Watchdog is { } watchdog && watchdog / 2 < StatusInterval ? watchdog / 2 : StatusInterval;
        string said = "";
        using var timer = new PeriodicTimer(interval);
        while (!ending.IsCancellationRequested)
        {
            await timer.WaitForNextTickAsync(ending);
            if (_running is not { } running)
                continue;
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ending);
            deadline.CancelAfter(interval);
            if (!await TurnsAsync(running, deadline.Token))
            {
                log.LogError("The loop of the {Name} does not turn; the service manager is not told that it is alive.", name);
                continue;
            }

            if (notices.Watchdog is not null)
                notices.Alive();
            if (running.Status is { } status && status != said)
                notices.Status(said = status);
        }
    }

    private static async Task<bool> TurnsAsync(IRunningService running, CancellationToken deadline)
    {
        try
        {
            return await running.TurnsAsync(deadline);
        }
        catch (Exception exception) when (exception is OperationCanceledException or PantryException)
        {
            return false;
        }
    }
}
