using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting.Systemd;

namespace Pantry.Daemon.Services;

/// <summary>What the service manager is told: systemd's notifications, where it listens; else nothing.</summary>
internal sealed class ServiceNotices
{
    private const string Socket = "NOTIFY_SOCKET";
    private const string WatchdogTime = "WATCHDOG_USEC";
    private const string WatchdogProcess = "WATCHDOG_PID";

    // Where a program in one file puts its native library: the unit says so for this one, not for what a client runs.
    private const string BundleDirectory = "DOTNET_BUNDLE_EXTRACT_BASE_DIR";

    private readonly SystemdNotifier? _notifier;

    private ServiceNotices(SystemdNotifier? notifier, TimeSpan? watchdog)
    {
        _notifier = notifier;
        Watchdog = watchdog;
    }

    /// <summary>How long the service manager waits for a sign of life; null where it does not.</summary>
    public TimeSpan? Watchdog { get; }

    /// <summary>Reads what systemd has put into the environment and takes it out: commands of a client are not to speak for it.</summary>
    public static ServiceNotices OfProcess()
    {
        SystemdNotifier? notifier = Environment.GetEnvironmentVariable(Socket) is { Length: > 0 } ? new SystemdNotifier() : null;
        bool isOurs = Environment.GetEnvironmentVariable(WatchdogProcess) is not { Length: > 0 } process
            || process == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        TimeSpan? watchdog = isOurs && long.TryParse(Environment.GetEnvironmentVariable(WatchdogTime), NumberStyles.None, CultureInfo.InvariantCulture, out long microseconds) && microseconds > 0
            ? TimeSpan.FromMicroseconds(microseconds)
            : null;
        foreach (string name in (string[])[Socket, WatchdogTime, WatchdogProcess, BundleDirectory])
            Environment.SetEnvironmentVariable(name, null);
        return new ServiceNotices(notifier, notifier is null ? null : watchdog);
    }

    public void Ready(string status) => Say($"READY=1\nSTATUS={DisplayText.FirstLine(status)}");

    public void Status(string status) => Say($"STATUS={DisplayText.FirstLine(status)}");

    public void Reloading() => Say(string.Create(CultureInfo.InvariantCulture,
        $"RELOADING=1\nMONOTONIC_USEC={(long)(Stopwatch.GetTimestamp() * (1e6 / Stopwatch.Frequency))}"));

    public void Stopping() => Say("STOPPING=1");

    public void Alive() => Say("WATCHDOG=1");

    private void Say(string state)
    {
        try
        {
            _notifier?.Notify(new ServiceState(state));
        }
        catch (SocketException)
        {
            // Nobody listens any more. A service manager that is gone is no reason to stop.
        }
    }
}
