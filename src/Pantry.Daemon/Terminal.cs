using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Pantry.Daemon;

/// <summary>How results are written.</summary>
internal enum OutputFormat
{
    Text,
    Json,
}

/// <summary>
/// The only place that writes to a console. Results go to standard output and all that is said about them to standard error; whatever comes from
/// elsewhere is cleaned before it is shown as text, and escaped as JSON.
/// </summary>
internal sealed class Terminal(TextWriter output, TextWriter error)
{
    // Of Windows. Elsewhere .NET leaves writing to a pipe that nobody reads unsaid.
    private const int BrokenPipe = unchecked((int)0x8007006D);
    private const int ClosingPipe = unchecked((int)0x800700E8);

    // Done once nobody reads standard output any more.
    private readonly TaskCompletionSource _unread = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isCutOff;

    /// <summary>Standard output, for a log that is to go there.</summary>
    public TextWriter Output => output;

    /// <summary>Standard error; the same.</summary>
    public TextWriter ErrorOutput => error;

    public OutputFormat Format { get; set; }

    /// <summary>Whether nothing but errors is said.</summary>
    public bool IsQuiet { get; set; }

    public static Terminal OfProcess()
    {
        var utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        return new Terminal(
            TextWriter.Synchronized(new StreamWriter(Console.OpenStandardOutput(), utf8) { AutoFlush = true, NewLine = "\n" }),
            TextWriter.Synchronized(new StreamWriter(Console.OpenStandardError(), utf8) { AutoFlush = true, NewLine = "\n" }));
    }

    /// <summary>Writes results, and ends once nobody reads them any more; where none are written, nobody need read them.</summary>
    public async Task<ExitCode> WhileReadAsync(Func<CancellationToken, Task<ExitCode>> write, CancellationToken cancellation)
    {
        if (IsQuiet)
            return await write(cancellation);
        OutputReader.Watch(_unread);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task<ExitCode> writing = write(ends.Token);
        if (await Task.WhenAny(writing, _unread.Task) != writing)
            await ends.CancelAsync();
        try
        {
            ExitCode code = await writing;
            return _isCutOff ? ExitCode.Unread : code;
        }
        catch (OperationCanceledException) when (_unread.Task.IsCompleted && !cancellation.IsCancellationRequested)
        {
            return ExitCode.Unread;
        }
    }

    /// <summary>A line of a result, as text.</summary>
    public void Write(string line)
    {
        if (!IsQuiet)
            WriteTo(output, DisplayText.Clean(line));
    }

    /// <summary>A line of a result that is the program's own and goes out as it is, however quiet: a script, a document.</summary>
    public void WriteRaw(string text) => WriteTo(output, text);

    /// <summary>One object of a result, as a line of JSON.</summary>
    public void WriteJson<T>(T value, JsonTypeInfo<T> type)
    {
        if (!IsQuiet)
            WriteTo(output, JsonSerializer.Serialize(value, type));
    }

    /// <summary>Something about the results, for those who read them.</summary>
    public void Note(string line)
    {
        if (!IsQuiet && !_isCutOff)
            WriteTo(error, DisplayText.Clean(line));
    }

    /// <summary>Something went wrong.</summary>
    public void Error(string line) => WriteTo(error, DisplayText.Clean(line));

    /// <summary>An error with its code and cure, in the words of this program.</summary>
    public void Error(PantryException exception) => Error($"pantry: {CommandWords.Of(exception.Message)} ({exception.Code})");

    private void WriteTo(TextWriter writer, string line)
    {
        // Asked before each line: a list may be too long for a pipe, and what does not fit any more vanishes without an error.
        if (writer == output && (_isCutOff |= _unread.Task.IsCompleted || OutputReader.HasGone()))
        {
            _unread.TrySetResult();
            return;
        }

        try
        {
            writer.WriteLine(line);
        }
        catch (IOException exception) when (writer == error || exception.HResult is BrokenPipe or ClosingPipe)
        {
            // Whoever read it has gone, as `| head` does; or there is nowhere to say it. A full disk below a result is another thing.
            if (writer == output)
            {
                _isCutOff = true;
                _unread.TrySetResult();
            }
        }
    }
}
