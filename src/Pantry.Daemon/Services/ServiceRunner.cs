using System.Runtime.InteropServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Pantry.Configuration.Settings;
using Pantry.Daemon.Configuration;

namespace Pantry.Daemon.Services;

/// <summary>
/// Runs a service until it is told to end or ends by itself: tells the service manager how it does, and reads the configuration anew when asked. What can
/// change while it runs is taken over at once; for the rest the service is started anew in the same process, when no command runs.
/// </summary>
internal sealed class ServiceRunner(
    HostSource source, Func<HostSettings, ILogger, CancellationToken, Task<IRunningService>> start, ServiceNotices notices, Terminal terminal)
{
    // A restart cuts running commands off: so long they are waited for.
    private static readonly TimeSpan DrainTime = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan DrainInterval = TimeSpan.FromMilliseconds(200);

    private readonly Channel<bool> _reloads = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private string Name => source.Kind == ConfigurationKind.Server ? "server" : "client";

    public async Task RunAsync(CancellationToken stop)
    {
        HostSettings settings = source.Load();
        using PosixSignalRegistration? reload = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
        {
            context.Cancel = true;
            _reloads.Writer.TryWrite(true);
        });
        ServiceRun run = await ServiceRun.StartAsync(Name, settings, start, notices, terminal, stop);
        try
        {
            notices.Ready(run.Service.Status);
            run.Log.LogInformation("The {Name} runs: {Status}", Name, run.Service.Status);
            while (await NextAsync(run.Service, stop))
            {
                notices.Reloading();
                run = await ReloadAsync(run, stop);
                notices.Ready(run.Service.Status);
            }
        }
        finally
        {
            notices.Stopping();
            run.Log.LogInformation("The {Name} stops.", Name);
            await run.DisposeAsync();
        }
    }

    /// <summary>Waits for a wish that the configuration be read anew; false when the service is to end, or has.</summary>
    private async Task<bool> NextAsync(IRunningService service, CancellationToken stop)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Task<bool> reload = _reloads.Reader.ReadAsync(waiting.Token).AsTask();
        Task first = await Task.WhenAny(service.Ended, reload);
        await waiting.CancelAsync();
        await ((Task)reload).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (first == service.Ended)
            await service.Ended;
        return first == reload && reload.IsCompletedSuccessfully;
    }

    private async Task<ServiceRun> ReloadAsync(ServiceRun run, CancellationToken stop)
    {
        HostSettings now;
        try
        {
            now = source.Load();
        }
        catch (PantryException exception)
        {
            run.Log.LogError("The configuration was not taken over, the one before stays in force: {Error}", CommandWords.Of(exception.Message));
            return run;
        }

        IReadOnlyList<SettingChange> changes = SettingsComparison.Of(source.Kind, run.Settings, now);
        foreach (SettingChange change in changes)
            run.Log.LogInformation("The configuration has changed: {Change}", change);
        if (changes.Count == 0)
            run.Log.LogInformation("The configuration was read again; nothing has changed.");
        if (changes.All(change => change.Live))
        {
            run.Apply(now);
            return run;
        }

        await DrainAsync(run, stop);
        return await RestartAsync(run, now, stop);
    }

    private async Task<ServiceRun> RestartAsync(ServiceRun run, HostSettings now, CancellationToken stop)
    {
        await run.DisposeAsync();
        try
        {
            ServiceRun renewed = await ServiceRun.StartAsync(Name, now, start, notices, terminal, stop);
            renewed.Log.LogInformation("The {Name} runs with its new configuration: {Status}", Name, renewed.Service.Status);
            return renewed;
        }
        catch (PantryException exception)
        {
            ServiceRun again = await ServiceRun.StartAsync(Name, run.Settings, start, notices, terminal, stop);
            again.Log.LogError("The {Name} could not start with its new configuration, and goes on with the one before: {Error}", Name, CommandWords.Of(exception.Message));
            return again;
        }
    }

    private static async Task DrainAsync(ServiceRun run, CancellationToken stop)
    {
        if (run.Service.Busy == 0)
            return;
        run.Log.LogInformation("{Count} commands run; the new configuration waits for them, {Time} at most.", run.Service.Busy, DrainTime);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stop);
        deadline.CancelAfter(DrainTime);
        using var timer = new PeriodicTimer(DrainInterval);
        try
        {
            while (run.Service.Busy > 0)
                await timer.WaitForNextTickAsync(deadline.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            run.Log.LogWarning("{Count} commands have not ended in time and are stopped.", run.Service.Busy);
        }
    }
}
