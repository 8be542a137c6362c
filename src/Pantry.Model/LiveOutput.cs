namespace Pantry;

/// <summary>Something that a command wrote while it was running: a line of text, or a record of a script.</summary>
public sealed class LiveOutput
{
    /// <summary>Identity of the target.</summary>
    public required string Client { get; init; }

    /// <summary>Id of the job.</summary>
    public required string JobId { get; init; }

    /// <summary>Number of the piece that it came or began in, counted from 0 for each client of a job: what has come once has this number for ever.</summary>
    public int Sequence { get; init; }

    /// <summary>Place in that piece, from 0.</summary>
    public int Part { get; init; }

    /// <summary>Where it was written.</summary>
    public OutputStream Stream { get; init; }

    /// <summary>The line, or the record as text. A line that was not ended may go on in the next one.</summary>
    public string Text { get; init; } = "";

    /// <summary>The record; null where it is a line of text.</summary>
    public object? Record { get; init; }

    /// <summary>Whether this is the note that the rest of the stream was left out because it passed the client's limit.</summary>
    public bool Truncated { get; init; }

    /// <summary>When the server got it, by the server's clock.</summary>
    public DateTimeOffset Time { get; init; }

    /// <summary>Each line of the text behind the client, with a mark where it is no output.</summary>
    public override string ToString()
    {
        string mark = Stream is OutputStream.Error or OutputStream.Warning or OutputStream.Verbose or OutputStream.Debug ? $"{Stream.ToString().ToUpperInvariant()}: " : "";
        return string.Join('\n', Text.Split('\n').Select(line => $"{Client}: {mark}{line}"));
    }
}
