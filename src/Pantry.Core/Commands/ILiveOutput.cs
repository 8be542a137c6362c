namespace Pantry.Commands;

/// <summary>Where a command says where its output is while it runs, for those who want to see it before its end.</summary>
internal interface ILiveOutput
{
    /// <param name="stream">Which body of the result the output becomes.</param>
    /// <param name="source">The output so far.</param>
    /// <param name="textEncoding">Its encoding where it is text and not UTF-8.</param>
    void Attach(int stream, IOutputSource source, string? textEncoding = null);
}

/// <summary>
/// Output that a command keeps while it is produced. Looked at from time to time, so that whoever looks neither holds
/// the command up nor needs memory of its own.
/// </summary>
internal interface IOutputSource
{
    /// <summary>How much is kept so far; it only grows.</summary>
    int Length { get; }

    /// <summary>Whether the rest is left out.</summary>
    bool Truncated { get; }

    /// <summary>A part of what is kept; nothing once the command has ended.</summary>
    byte[] Read(int from, int most);
}
