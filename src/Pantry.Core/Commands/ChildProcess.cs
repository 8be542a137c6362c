using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Pantry.Configuration;
using Pantry.Protocol;

namespace Pantry.Commands;

/// <summary>
/// A process run for an order: no input to wait for, output kept up to a cap, and ended with all its descendants when
/// it is cancelled.
/// </summary>
internal sealed class ChildProcess : IDisposable
{
    // How long output is read that is there already.
    private static readonly TimeSpan LongestDrain = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly string _mark;
    private readonly PantryOptions _options;
    private bool _started;

    public ChildProcess(ProcessStartInfo start, string jobId, PantryOptions options)
    {
        start.UseShellExecute = false;
        start.CreateNoWindow = true;
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        _mark = $"{jobId}-{Guid.NewGuid():N}";
        start.Environment[ProcessTree.MarkVariable] = _mark;
        start.Environment["PANTRY_JOB_ID"] = jobId;
        _options = options;
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
    }

    /// <summary>Encoding that console programs write here where it is not UTF-8.</summary>
    public static string? ConsoleEncoding { get; } = OperatingSystem.IsWindows()
        ? "cp" + CultureInfo.CurrentCulture.TextInfo.OEMCodePage.ToString(CultureInfo.InvariantCulture)
        : null;

    /// <summary>The process's id, and when it began, by which it is known again.</summary>
    public (int Id, DateTimeOffset StartedAt) Identity
    {
        get
        {
            try
            {
                return (_process.Id, _process.StartTime.ToUniversalTime());
            }
            catch (Exception exception) when (exception is InvalidOperationException or Win32Exception)
            {
                return (0, default); // It has ended.
            }
        }
    }

    public void Start()
    {
        _process.Start();
        _started = true;
    }

    /// <summary>Writes the input, reads the output, and waits for the end; on cancellation ends the whole tree and says what there was.</summary>
    /// <param name="input">What it reads.</param>
    /// <param name="output">Keeps its output.</param>
    /// <param name="live">Is told where output is to be seen; null where nobody wants to.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<ChildOutcome> WaitAsync(byte[] input, CappedOutput output, ILiveOutput? live, CancellationToken cancellation)
    {
        using var error = new CappedOutput(_options.OutputBytes);
        live?.Attach(Result.StandardOutputBody, output, ConsoleEncoding);
        live?.Attach(Result.StandardErrorBody, error, ConsoleEncoding);
        return await WaitAsync(input, output, error, cancellation).ConfigureAwait(false);
    }

    /// <summary>The same for a caller that keeps standard error too.</summary>
    public async Task<ChildOutcome> WaitAsync(byte[] input, CappedOutput output, CappedOutput error, CancellationToken cancellation)
    {
        using var reading = new CancellationTokenSource();
        Task outputRead = output.ReadAsync(_process.StandardOutput.BaseStream, reading.Token);
        Task errorRead = error.ReadAsync(_process.StandardError.BaseStream, reading.Token);
        Task write = WriteAsync(input, reading.Token);

        bool stopped = false;
        try
        {
            await _process.WaitForExitAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!_process.HasExited)
        {
            stopped = true;
            await ProcessTree.EndAsync(_process, _mark, _options.TerminationGrace).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // It had ended by itself; the news of that was late, as on a machine that stood still.
        }

        await DrainAsync(outputRead, errorRead).ConfigureAwait(false);
        await reading.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(outputRead, errorRead, write).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (stopped)
            cancellation.ThrowIfCancellationRequested(new ChildOutcome(0, output.ToArray(), error.ToArray(), output.Truncated || error.Truncated));
        return new ChildOutcome(_process.ExitCode, output.ToArray(), error.ToArray(), output.Truncated || error.Truncated);
    }

    public void Dispose()
    {
        if (_started)
        {
            // A process that was asked for its streams leaves closing them to us.
            _process.StandardOutput.Dispose();
            _process.StandardError.Dispose();
        }

        _process.Dispose();
    }

    // A daemon that the command left behind may hold the pipes open for ever; what was written by now is the output, however long
    // a busy machine takes to read it. One that writes without end is not listened to for much longer.
    private async Task DrainAsync(Task outputRead, Task errorRead)
    {
        Task reads = Task.WhenAll(outputRead, errorRead);
        long ended = Stopwatch.GetTimestamp();
        do
        {
            await Task.WhenAny(reads, Task.Delay(_options.OutputDrain, CancellationToken.None)).ConfigureAwait(false);
        }
        while (!reads.IsCompleted && Stopwatch.GetElapsedTime(ended) < LongestDrain
            && ((!outputRead.IsCompleted && PipeBytes.AreDueFrom(_process.StandardOutput.BaseStream))
                || (!errorRead.IsCompleted && PipeBytes.AreDueFrom(_process.StandardError.BaseStream))));
    }

    private async Task WriteAsync(byte[] input, CancellationToken cancellation)
    {
        try
        {
            if (input.Length > 0)
                await _process.StandardInput.BaseStream.WriteAsync(input, cancellation).ConfigureAwait(false);
            _process.StandardInput.Close();
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The process ended without reading its input, which is its own affair.
        }
    }
}

/// <param name="ExitCode">The process's exit code.</param>
/// <param name="StandardOutput">What it wrote, up to the cap.</param>
/// <param name="StandardError">What it wrote, up to the cap.</param>
/// <param name="Truncated">Whether the cap was passed.</param>
internal sealed record ChildOutcome(int ExitCode, byte[] StandardOutput, byte[] StandardError, bool Truncated);

/// <summary>The command was stopped; what it had written by then is kept.</summary>
internal sealed class InterruptedException(ChildOutcome soFar, CancellationToken cancellation) : OperationCanceledException(cancellation)
{
    public ChildOutcome SoFar { get; } = soFar;
}

internal static class Interruption
{
    public static void ThrowIfCancellationRequested(this CancellationToken cancellation, ChildOutcome soFar)
    {
        if (cancellation.IsCancellationRequested)
            throw new InterruptedException(soFar, cancellation);
    }
}
