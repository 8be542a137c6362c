using System.Diagnostics;
using Pantry.Configuration;
using Pantry.TestHost;

namespace Pantry.Tests.EndToEnd;

/// <summary>A Pantry.TestHost in a process of its own.</summary>
internal sealed class HostProcess : IAsyncDisposable
{
    private readonly Process _process;

    private HostProcess(Process process, string ready)
    {
        _process = process;
        Ready = ready;
    }

    /// <summary>The built program, of the same configuration as these tests.</summary>
    public static string Program { get; } = Path.GetFullPath(Path.Combine(
        AppContext.BaseDirectory, "..", "..", "..", "..", "Pantry.TestHost", "bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "net10.0", "Pantry.TestHost.dll"));

    /// <summary>The line it said when it was ready.</summary>
    public string Ready { get; }

    public int Id => _process.Id;

    public static Task<HostProcess> StartAsync(params string[] arguments) => StartAsync(null, arguments);

    /// <param name="options">What it runs with; null for the defaults.</param>
    /// <param name="arguments">Mode and arguments.</param>
    public static async Task<HostProcess> StartAsync(PantryOptions? options, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        foreach (string argument in (string[])[Program, .. arguments])
            start.ArgumentList.Add(argument);
        // A process that is killed would leave the runtime's pipes for debuggers behind.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        if (options is not null)
            start.Environment[HostOptions.Variable] = HostOptions.Write(options);
        var process = Process.Start(start)!;
        string? ready = await process.StandardOutput.ReadLineAsync().WaitAsync(Fleet.Deadline + (options?.ConnectTimeout ?? default));
        Assert.StartsWith("ready", ready, StringComparison.Ordinal);
        return new HostProcess(process, ready!);
    }

    /// <summary>The next line it says; null at its end.</summary>
    public Task<string?> ReadLineAsync() => _process.StandardOutput.ReadLineAsync().WaitAsync(Fleet.Deadline);

    /// <summary>SIGKILL: the process gets no chance to say anything.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync().WaitAsync(Fleet.Deadline);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.StandardInput.Close();
            await _process.WaitForExitAsync().WaitAsync(Fleet.Deadline);
        }

        _process.Dispose();
    }
}
