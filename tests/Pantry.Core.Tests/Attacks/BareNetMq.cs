using System.Diagnostics;
using System.Globalization;
using System.Net;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Attacks;

/// <summary>A NetMQ ROUTER with no gate before it, in a process that it may take with it.</summary>
internal sealed class BareNetMq : IAsyncDisposable
{
    private readonly Process _process;

    private BareNetMq(Process process, int port)
    {
        _process = process;
        EndPoint = new IPEndPoint(IPAddress.Loopback, port);
    }

    public IPEndPoint EndPoint { get; }

    public static async Task<BareNetMq> StartAsync()
    {
        Process process = Launch();
        _ = process.StandardError.ReadToEndAsync();
        string? port = await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30));
        _ = process.StandardOutput.ReadToEndAsync();
        return new BareNetMq(process, int.Parse(port!, CultureInfo.InvariantCulture));
    }

    /// <summary>The process alone; it says its port first.</summary>
    public static Process Launch() => Process.Start(new ProcessStartInfo("dotnet", [HostProcess.Program, "bare-netmq"])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        // A crash is what is expected; it need not leave a dump.
        Environment = { ["DOTNET_DbgEnableMiniDump"] = "0" },
    })!;

    public async Task<bool> HasDiedAsync(CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(TimeSpan.FromSeconds(10));
        await _process.WaitForExitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return _process.HasExited && _process.ExitCode != 0;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }
}
