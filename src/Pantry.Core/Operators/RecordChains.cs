using Pantry.Protocol;

namespace Pantry.Operators;

/// <summary>
/// Joins the pieces of records that are longer than one. What comes of them has the number of the first: whoever goes on there later
/// reads the record from its beginning.
/// </summary>
internal sealed class RecordChains
{
    // More than any client keeps of a script's records: what goes on beyond that is none.
    private const int LongestRecord = 24 * 1024 * 1024;

    // What has begun, by the target's place.
    private readonly Dictionary<int, Begun> _begun = [];

    /// <summary>The records that end with a piece, and the number of the piece they begin in; no bytes where they go on in the next one.</summary>
    public (int First, byte[]? Records) Join(StoredPiece piece)
    {
        PieceHead head = piece.Head;
        if (!_begun.TryGetValue(head.Target, out Begun? begun))
        {
            if (!head.More)
                return (head.Sequence, piece.Bytes);
            _begun[head.Target] = begun = new Begun(head.Sequence, []);
        }

        if (begun.Bytes.Count + piece.Bytes.Length <= LongestRecord)
            begun.Bytes.AddRange(piece.Bytes);
        if (head.More)
            return (begun.First, null);
        _begun.Remove(head.Target);
        return (begun.First, [.. begun.Bytes]);
    }

    private sealed record Begun(int First, List<byte> Bytes);
}
