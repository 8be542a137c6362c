namespace Pantry.Protocol;

/// <summary>
/// A piece of what a command has written so far, from its client. Body: the bytes. What a piece begins it ends, unless it
/// says that it goes on: no character and no line is cut where that can be helped, and no record.
/// </summary>
/// <param name="Job">Id of the job.</param>
/// <param name="Sequence">Place of the piece among the client's pieces of the job, from 0.</param>
/// <param name="Oldest">The first piece that the client still has: those before it cannot come any more.</param>
/// <param name="Stream">Which body of the result it is a part of.</param>
/// <param name="Place">Where it begins in that body.</param>
/// <param name="More">Whether a record goes on in the next piece, which is of the same stream.</param>
/// <param name="Truncated">Whether the rest of the stream is left out.</param>
/// <param name="TextEncoding">Encoding of text that is not UTF-8.</param>
internal sealed record OutputPiece(
    string Job, int Sequence, int Oldest, int Stream, int Place, bool More = false, bool Truncated = false, string? TextEncoding = null)
{
    /// <summary>Streams: the bodies of a result.</summary>
    public const int Streams = Result.OutputBody + 1;

    private const int LongestEncoding = 64;

    /// <summary>Whether this can be a piece at all.</summary>
    public bool IsSound(int bytes, WireLimits limits) =>
        Sequence is >= 0 and < int.MaxValue && Oldest >= 0 && Oldest <= Sequence && Stream is >= 0 and < Streams && Place >= 0 && bytes <= limits.MaxPieceBytes && TextEncoding is not { Length: > LongestEncoding };
}

/// <summary>The server has the pieces below <paramref name="Next"/>, or wants them no more: the client may forget them and go on.</summary>
internal sealed record OutputStored(string Job, int Next);

/// <summary>
/// What is there of a job's live output that this watch has not brought yet? Where there is nothing, the answer waits for it.
/// </summary>
/// <param name="Watch">Name that the console gave the watch; it is the session's, and ends with it.</param>
/// <param name="Job">Id of the job.</param>
/// <param name="From">The next piece wanted of each target, in their order: begins the watch, or begins it anew. Null to go on with it.</param>
/// <param name="WaitSeconds">How long the answer may wait.</param>
internal sealed record ReadOutput(string Watch, string Job, IReadOnlyList<int>? From, double WaitSeconds);

/// <summary>Pieces of live output, each target's in their order. Body: their bytes, one after the other.</summary>
/// <param name="Watch">Name of the watch.</param>
/// <param name="Known">Whether there is such a watch; where not, it is to be begun anew.</param>
/// <param name="Pieces">The pieces.</param>
/// <param name="Ended">Targets that have their row, and of which nothing more comes.</param>
/// <param name="Last">Whether all have ended.</param>
internal sealed record OutputRead(string Watch, bool Known, IReadOnlyList<PieceHead> Pieces, IReadOnlyList<int> Ended, bool Last);

/// <summary>A piece of live output as the server keeps it.</summary>
/// <param name="Target">Place of the target among the job's.</param>
/// <param name="Sequence">Place of the piece among the target's.</param>
/// <param name="Stream">Which body of the result it is a part of.</param>
/// <param name="Size">How many bytes it has.</param>
/// <param name="At">When the server took it.</param>
/// <param name="More">Whether a record goes on in the next piece.</param>
/// <param name="Truncated">Whether the rest of the stream is left out.</param>
/// <param name="TextEncoding">Encoding of text that is not UTF-8.</param>
internal sealed record PieceHead(int Target, int Sequence, int Stream, int Size, DateTimeOffset At, bool More, bool Truncated, string? TextEncoding);

/// <summary>A piece of live output with its bytes.</summary>
internal sealed record StoredPiece(PieceHead Head, byte[] Bytes);

/// <summary>What a reader of live output gets next.</summary>
/// <param name="Pieces">Pieces.</param>
/// <param name="Ended">Targets of which nothing more comes.</param>
/// <param name="Last">Whether all have ended.</param>
internal sealed record OutputPage(IReadOnlyList<StoredPiece> Pieces, IReadOnlyList<int> Ended, bool Last);
