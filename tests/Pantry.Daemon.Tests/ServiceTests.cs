using System.Diagnostics.Metrics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Pantry.Configuration.Settings;
using Pantry.Daemon.Services;
using Pantry.Logging;

namespace Pantry.Daemon.Tests;

/// <summary>What a service manager sees of a service: readiness, signs of life, a reload, the end.</summary>
public sealed class ServiceTests
{
    public static bool NoSignals => OperatingSystem.IsWindows();

    [Fact(SkipWhen = nameof(NoSignals), SkipType = typeof(ServiceTests), Skip = "systemd is Linux's.")]
    public async Task A_server_tells_systemd_when_it_is_ready_alive_reloading_and_stopping()
    {
        await using var fleet = new DaemonFleet();
        using var systemd = new NotifySocket(fleet.Directory);
        PantryProcess server = await fleet.StartServerAsync(Environment(systemd, TimeSpan.FromMilliseconds(400)));
        await systemd.HearAsync("READY=1");
        await systemd.HearAsync("WATCHDOG=1");
        await systemd.HearAsync("WATCHDOG=1");
        server.Signal("HUP");
        await systemd.HearAsync("RELOADING=1\nMONOTONIC_USEC=");
        await systemd.HearAsync("READY=1");
        server.Signal("TERM");
        await systemd.HearAsync("STOPPING=1");
        Assert.Equal(0, await server.ExitAsync());
        Assert.True(systemd.Heard.FindIndex(said => said.StartsWith("READY=1", StringComparison.Ordinal)) < systemd.Heard.FindIndex(said => said == "WATCHDOG=1"));
    }

    [Fact(SkipWhen = nameof(NoSignals), SkipType = typeof(ServiceTests), Skip = "systemd is Linux's.")]
    public async Task A_service_whose_loop_hangs_is_not_said_to_be_alive()
    {
        await using var fleet = new DaemonFleet();
        using var systemd = new NotifySocket(fleet.Directory);
        foreach ((string name, string value) in Environment(systemd, TimeSpan.FromMilliseconds(200)))
            System.Environment.SetEnvironmentVariable(name, value);
        var notices = ServiceNotices.OfProcess();
        Assert.Null(System.Environment.GetEnvironmentVariable("NOTIFY_SOCKET"));
        await using var service = new StubbornService();
        await using var life = new LifeSigns("test", service, notices, NullLogger.Instance);
        await systemd.HearAsync("WATCHDOG=1");
        Assert.True(life.Turns);

        service.Hang();
        // Asked before it hung it may have answered; from the second question on it has not.
        await service.AskedAsync(3);
        while (systemd.HasMore)
            await systemd.HearAsync("");
        await service.AskedAsync(3);
        Assert.False(systemd.HasMore);
        Assert.False(life.Turns);
    }

    [Fact(SkipWhen = nameof(NoSignals), SkipType = typeof(ServiceTests), Skip = "Signals are POSIX.")]
    public async Task A_broken_configuration_at_a_reload_leaves_the_server_as_it_is_and_a_good_one_is_taken_over()
    {
        await using var fleet = new DaemonFleet();
        PantryProcess server = await fleet.StartServerAsync();
        await File.AppendAllTextAsync(fleet.ServerConfig, "\nnetwrking:\n  x: 1\n");
        server.Signal("HUP");
        await server.SaysAsync("the one before stays in force");
        Assert.Contains($"{fleet.ServerConfig}:", server.Errors, StringComparison.Ordinal);
        Assert.Contains("Did you mean 'networking'?", server.Errors, StringComparison.Ordinal);
        (await fleet.OperateAsync("clients")).Ends(ExitCode.Success);

        fleet.WriteServerConfig("log_level: debug");
        server.Signal("HUP");
        await server.SaysAsync("log_level: ");
        fleet.WriteServerConfig("  advertised_host: localhost");
        server.Signal("HUP");
        await server.SaysAsync("runs with its new configuration");
        (await fleet.OperateAsync("clients")).Ends(ExitCode.Success);
        server.Signal("HUP");
        await server.SaysAsync("nothing has changed");
        Assert.Equal(0, await server.StopAsync());
    }

    [Fact(SkipWhen = nameof(NoSignals), SkipType = typeof(ServiceTests), Skip = "Signals are POSIX.")]
    public async Task The_servers_console_file_is_its_owners_alone_and_is_gone_with_the_server()
    {
        await using var fleet = new DaemonFleet();
        PantryProcess server = await fleet.StartServerAsync();
        Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(fleet.Console) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
        string kept = Path.Combine(fleet.Directory, "kept.operator");
        File.Copy(fleet.Console, kept);
        Assert.Equal(0, await server.StopAsync());
        Assert.False(File.Exists(fleet.Console));

        await fleet.StartServerAsync();
        PantryRun stale = (await PantryProcess.RunAsync("clients", "--operator-file", kept)).Ends(ExitCode.Unreachable);
        Assert.Contains("KeyUnknown", stale.Errors, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> Environment(NotifySocket systemd, TimeSpan watchdog) => new()
    {
        ["NOTIFY_SOCKET"] = systemd.Path,
        ["WATCHDOG_USEC"] = ((long)watchdog.TotalMicroseconds).ToString(CultureInfo.InvariantCulture),
    };

    private sealed class StubbornService : IRunningService
    {
        private readonly SemaphoreSlim _asked = new(0);
        private volatile bool _hangs;

        public Task Ended { get; } = new TaskCompletionSource().Task;

        public string Status => "runs";

        public int Busy => 0;

        public Meter Meter { get; } = new("Test");

        public void Apply(HostLog log, HostSettings old, HostSettings now)
        {
            // Nothing of it is configured.
        }

        public void Hang() => _hangs = true;

        public async Task AskedAsync(int times)
        {
            for (int i = 0; i < times; i++)
                Assert.True(await _asked.WaitAsync(PantryProcess.Deadline));
        }

        public async Task<bool> TurnsAsync(CancellationToken cancellation)
        {
            if (_hangs)
            {
                _asked.Release();
                await Task.Delay(Timeout.Infinite, cancellation);
            }

            return true;
        }

        public ValueTask DisposeAsync()
        {
            Meter.Dispose();
            _asked.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
