using System.Diagnostics;
using System.Globalization;

namespace Pantry.Bench;

/// <summary>A server in a process of its own, as <see cref="ServeMode"/> has it.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private readonly Process _process;

    private ServerProcess(Process process) => _process = process;

    public int Id => _process.Id;

    public int PublishPort { get; private set; }

    public int ReceivePort { get; private set; }

    public static async Task<ServerProcess> StartAsync(params string[] what)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(typeof(ServerProcess).Assembly.Location);
        start.ArgumentList.Add("serve");
        foreach (string word in what)
            start.ArgumentList.Add(word);
        var server = new ServerProcess(Process.Start(start)!);
        string[] ready = (await server.LineAsync()).Split(' ');
        (server.PublishPort, server.ReceivePort) = (int.Parse(ready[1], CultureInfo.InvariantCulture), int.Parse(ready[2], CultureInfo.InvariantCulture));
        return server;
    }

    /// <summary>Waits until so many are connected and heard.</summary>
    public async Task ConnectedAsync(int count)
    {
        if (await AskAsync($"connected {count}") != "yes")
            throw new TimeoutException($"Not all of {count} were connected in time.");
    }

    public async Task<double> ProcessorSecondsAsync() => double.Parse(await AskAsync("cpu"), CultureInfo.InvariantCulture);

    public Task<string> CountersAsync() => AskAsync("counters");

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await _process.StandardInput.WriteLineAsync("stop");
        if (!_process.WaitForExit(TimeSpan.FromSeconds(20)))
            _process.Kill();
        _process.Dispose();
    }

    /// <summary>Ends it without a word.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async Task<string> AskAsync(string question)
    {
        await _process.StandardInput.WriteLineAsync(question);
        await _process.StandardInput.FlushAsync();
        return await LineAsync();
    }

    private async Task<string> LineAsync() =>
        await _process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The server's process has ended.");
}
