using System.Diagnostics;
using System.Globalization;

namespace Pantry.Bench.Files;

/// <summary>A part of the measurement in a process of its own, told what to do line by line, so that its memory is its own.</summary>
internal sealed class FilesChild : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly Process _process;

    private FilesChild(Process process) => _process = process;

    /// <summary>What it said when it was ready.</summary>
    public string[] Ready { get; private set; } = [];

    public static async Task<FilesChild> StartAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(typeof(FilesChild).Assembly.Location);
        foreach (string argument in (string[])["files", .. arguments])
            start.ArgumentList.Add(argument);
        var child = new FilesChild(Process.Start(start)!);
        child.Ready = (await child.LineAsync()).Split(' ');
        return child;
    }

    public async Task<string> AskAsync(string question)
    {
        await _process.StandardInput.WriteLineAsync(question);
        return await LineAsync();
    }

    /// <summary>The most memory that it has held so far, in MiB.</summary>
    public double PeakMemory()
    {
        string line = File.ReadLines($"/proc/{_process.Id}/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return double.Parse(line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await _process.StandardInput.WriteLineAsync("stop");
        if (!_process.WaitForExit(TimeSpan.FromSeconds(20)))
            _process.Kill();
        _process.Dispose();
    }

    /// <summary>Says that it is ready, and answers each line until it is told to stop.</summary>
    public static async Task<int> ServeAsync(string ready, Func<string[], Task<string>> answer)
    {
        Console.WriteLine(ready);
        while (await Console.In.ReadLineAsync() is { } line && line != "stop")
            Console.WriteLine(await answer(line.Split(' ')));
        return 0;
    }

    private async Task<string> LineAsync() =>
        await _process.StandardOutput.ReadLineAsync().WaitAsync(Patience) ?? throw new InvalidOperationException("A part of the measurement has ended early.");
}
