using System.Diagnostics;
using System.Globalization;

namespace Pantry.Daemon.Tests;

/// <summary>The built program in a process of its own.</summary>
internal sealed class PantryProcess : IAsyncDisposable
{
    /// <summary>No test waits longer for anything.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly List<string> _output = [];
    private readonly List<string> _errors = [];
    private readonly SemaphoreSlim _said = new(0);
    private readonly Task _reading;

    private PantryProcess(Process process)
    {
        _process = process;
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput, _output), ReadAsync(process.StandardError, _errors));
    }

    /// <summary>The program, of the same configuration as these tests.</summary>
    public static string Program { get; } = Path.GetFullPath(Path.Combine(
        AppContext.BaseDirectory, "..", "..", "..", "..", "..", "src", "Pantry.Daemon", "bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "net10.0", "pantry.dll"));

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public string Output => Joined(_output);

    public string Errors => Joined(_errors);

    public static PantryProcess Start(params string[] arguments) => Start(null, arguments);

    public static PantryProcess Start(IReadOnlyDictionary<string, string>? environment, params string[] arguments)
    {
        ProcessStartInfo start = HeardSignals.Start("dotnet", [Program, .. arguments]);
        (start.RedirectStandardInput, start.RedirectStandardOutput, start.RedirectStandardError) = (true, true, true);
        // A process that is killed would leave the runtime's pipes for debuggers behind.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        start.Environment.Remove("JOURNAL_STREAM");
        // Many processes begin at the same time here, each compiling itself: on a busy machine a first handshake can take longer than anybody would wait.
        start.Environment["PANTRY_TIMEOUTS__CONNECT"] = "25s";
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        return new PantryProcess(Process.Start(start)!);
    }

    /// <summary>Runs it to its end.</summary>
    public static Task<PantryRun> RunAsync(params string[] arguments) => RunWithAsync("", null, arguments);

    /// <summary>The same with something on its standard input.</summary>
    public static async Task<PantryRun> RunWithAsync(string input, IReadOnlyDictionary<string, string>? environment, params string[] arguments)
    {
        await using PantryProcess process = Start(environment, arguments);
        await process._process.StandardInput.WriteAsync(input);
        process._process.StandardInput.Close();
        int code = await process.ExitAsync();
        return new PantryRun((ExitCode)code, process.Output, process.Errors);
    }

    /// <summary>Writes to its standard input; of more than a pipe holds, the end is written when it reads.</summary>
    public async Task TypeAsync(string text)
    {
        await _process.StandardInput.WriteAsync(text).WaitAsync(Deadline);
        await _process.StandardInput.FlushAsync().WaitAsync(Deadline);
    }

    /// <summary>Waits until it has written something to standard output.</summary>
    public Task WritesAsync(string text) => HearAsync(_output, text, 1);

    /// <summary>Waits until it has said something on standard error.</summary>
    public Task SaysAsync(string text, int times = 1) => HearAsync(_errors, text, times);

    private async Task HearAsync(List<string> lines, string text, int times)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (Count(lines, text) < times)
        {
            Assert.False(_reading.IsCompleted && Count(lines, text) < times, $"It ended without saying '{text}':\n{Errors}\n{Output}");
            try
            {
                await _said.WaitAsync(TimeSpan.FromSeconds(1), deadline.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"It did not say '{text}':\n{Errors}\n{Output}");
            }
        }
    }

    /// <summary>Waits for its end.</summary>
    public async Task<int> ExitAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Deadline);
        await _reading.WaitAsync(Deadline);
        return _process.ExitCode;
    }

    /// <summary>SIGKILL: it gets no chance to say anything.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await ExitAsync();
    }

    public void Signal(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>Tells it to end, as a service manager does.</summary>
    public async Task<int> StopAsync()
    {
        if (!_process.HasExited)
            Signal("TERM");
        return await ExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillAsync();
        _process.Dispose();
    }

    private static int Count(List<string> lines, string text)
    {
        lock (lines)
            return lines.Count(line => line.Contains(text, StringComparison.Ordinal));
    }

    private static string Joined(List<string> lines)
    {
        lock (lines)
            return string.Join('\n', lines);
    }

    private async Task ReadAsync(StreamReader reader, List<string> lines)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            lock (lines)
                lines.Add(line);
            _said.Release();
        }
    }
}

/// <summary>How a run of the program ended.</summary>
internal sealed record PantryRun(ExitCode Code, string Output, string Errors)
{
    public PantryRun Ends(ExitCode code)
    {
        Assert.True(code == Code, $"It ended with {Code}, not {code}.\n{Output}\n{Errors}");
        return this;
    }
}
