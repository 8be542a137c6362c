using Pantry.Protocol;

namespace Pantry.Server.Output;

/// <summary>
/// Which pieces of live output there are of each target of a job, for those who write more and for those who read. The pieces
/// themselves are on the disk.
/// </summary>
internal sealed class JobOutput
{
    // What a piece costs beside its bytes, and a number that is left out: many of them have a bound too.
    private const int PieceCost = 64;

    private readonly Lock _lock = new();
    private readonly Target[] _targets;
    private readonly long _mostBytes;
    private TaskCompletionSource _changed = NewSignal();

    /// <param name="targets">How many targets the job has.</param>
    /// <param name="mostBytes">How much of one target is taken; what is beyond comes with its result.</param>
    /// <param name="kept">What is on the disk already: how many pieces, and their bytes, by the target's place.</param>
    /// <param name="ended">Places of targets that have their row.</param>
    public JobOutput(int targets, long mostBytes, IEnumerable<(int Target, int Pieces, long Bytes)> kept, IEnumerable<int> ended)
    {
        _targets = [.. Enumerable.Range(0, targets).Select(_ => new Target())];
        _mostBytes = mostBytes;
        foreach ((int target, int pieces, long bytes) in kept)
            (_targets[target].Next, _targets[target].Stored, _targets[target].Bytes) = (pieces, pieces, bytes + ((long)pieces * PieceCost));
        foreach (int target in ended)
            _targets[target].Ended = true;
    }

    public int Targets => _targets.Length;

    /// <summary>Whether a piece is a target's next one, and is to be written: not where it was, or some before it are still to come, or it is too much.</summary>
    public bool TryTake(int target, OutputPiece piece, int bytes)
    {
        lock (_lock)
        {
            Target its = _targets[target];
            // Those before the oldest that the client has will never come: a power cut took them from this disk.
            if (its.Ended || its.IsFull || piece.Sequence != Math.Max(its.Next, piece.Oldest))
                return false;
            its.Bytes += bytes + ((piece.Sequence - its.Next + 1L) * PieceCost);
            its.IsFull = its.Bytes > _mostBytes;
            if (its.IsFull)
                return false;
            its.Next = piece.Sequence + 1;
            return true;
        }
    }

    /// <summary>Which piece its client is to keep at least, and all after it.</summary>
    public int Wanted(int target, OutputPiece piece)
    {
        lock (_lock)
            return _targets[target].Ended || _targets[target].IsFull ? piece.Sequence + 1 : _targets[target].Stored;
    }

    /// <summary>A target has so many pieces on the disk.</summary>
    public void NoteStored(int target, int pieces, bool ended = false)
    {
        lock (_lock)
        {
            Target its = _targets[target];
            its.Stored = Math.Max(its.Stored, pieces);
            its.Next = Math.Max(its.Next, pieces);
            its.Ended |= ended;
            Tell();
        }
    }

    /// <summary>The server stops: readers in this process get what there is.</summary>
    public void Close()
    {
        lock (_lock)
        {
            foreach (Target target in _targets)
                target.Ended = true;
            Tell();
        }
    }

    /// <summary>How many pieces of a target can be read, and whether more may come.</summary>
    public (int Stored, bool Ended) Of(int target)
    {
        lock (_lock)
            return (_targets[target].Stored, _targets[target].Ended);
    }

    /// <summary>Completes at the next change.</summary>
    public Task Changed
    {
        get
        {
            lock (_lock)
                return _changed.Task;
        }
    }

    private void Tell()
    {
        _changed.TrySetResult();
        _changed = NewSignal();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Target
    {
        public int Next { get; set; }

        public int Stored { get; set; }

        public long Bytes { get; set; }

        public bool IsFull { get; set; }

        public bool Ended { get; set; }
    }
}
