using Pantry.Protocol;

namespace Pantry.Storage;

/// <summary>One thing for the writing task of a <see cref="JobStore"/>.</summary>
internal abstract record JobWork
{
    /// <summary>Bytes of output that wait with it.</summary>
    public virtual long Size => 0;

    /// <summary>Tells whoever waits that it was not written; false where nobody does, and it is to be tried again.</summary>
    public virtual bool Fail(PantryException why) => false;

    public static long SizeOf(ResultRow row) => row.Bodies.Sum(body => (long)body.Length);

    public sealed record Add(StoredJob Job, TaskCompletionSource Done) : JobWork
    {
        public override bool Fail(PantryException why) => Done.TrySetException(why) || true;
    }

    public sealed record Remove(string Job) : JobWork;

    public sealed record AddRow(string Job, StoredRow Row, Action<ResultRow, int> Stored) : JobWork
    {
        public override long Size => SizeOf(Row.Row);
    }

    public sealed record AddPiece(string Job, NewPiece Piece, Action<bool> Stored) : JobWork
    {
        public override long Size => Piece.Bytes.Length;
    }

    public sealed record Note(string Job, PantryJobState State, int? Begun, DateTimeOffset At) : JobWork;

    public sealed record Flush(TaskCompletionSource Done) : JobWork
    {
        public override bool Fail(PantryException why) => Done.TrySetException(why) || true;
    }
}

/// <summary>A piece of live output to be kept.</summary>
/// <param name="Head">What is known of it.</param>
/// <param name="Place">Where it begins in its stream.</param>
/// <param name="Bytes">The bytes.</param>
internal sealed record NewPiece(PieceHead Head, int Place, byte[] Bytes);
