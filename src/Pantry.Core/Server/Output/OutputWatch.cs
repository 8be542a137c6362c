using Pantry.Protocol;
using Pantry.Server.Jobs;
using Pantry.Storage;

namespace Pantry.Server.Output;

/// <summary>
/// One who reads a job's live output, and how far. Nothing waits for a reader but on the disk. Each target with something to
/// read has one piece in turn, so that none that prints without end is in the way of the others.
/// </summary>
/// <param name="job">The job.</param>
/// <param name="output">What there is of it.</param>
/// <param name="from">The next piece wanted of each target; those that are left out from the first.</param>
/// <param name="store">Where the pieces are.</param>
/// <param name="most">How many pieces are brought at once.</param>
/// <param name="time">Clock.</param>
internal sealed class OutputWatch(JobRowsOf job, JobOutput output, IReadOnlyList<int> from, JobStore store, int most, TimeProvider time)
{
    // Between hearing of something new and reading it: what many write at the same time is read at once.
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(20);

    private readonly int[] _next = [.. Enumerable.Range(0, output.Targets).Select(target => Math.Max(0, from.ElementAtOrDefault(target)))];
    private readonly bool[] _ended = new bool[output.Targets];
    private int _left = output.Targets;
    private int _turn;

    /// <summary>What has not been read; waits for something at most so long.</summary>
    public async Task<OutputPage> TakeAsync(TimeSpan wait, CancellationToken cancellation)
    {
        long since = time.GetTimestamp();
        while (true)
        {
            // Before looking: what comes after that is heard of.
            Task changed = output.Changed;
            OutputPage page = Take();
            TimeSpan left = wait == Timeout.InfiniteTimeSpan ? wait : wait - time.GetElapsedTime(since);
            if (page.Pieces.Count > 0 || page.Ended.Count > 0 || page.Last || (left <= TimeSpan.Zero && left != Timeout.InfiniteTimeSpan))
                return page;
            try
            {
                await changed.WaitAsync(left, time, cancellation).ConfigureAwait(false);
                await Task.Delay(Gather, time, cancellation).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                return page;
            }
        }
    }

    private OutputPage Take()
    {
        List<StoredPiece> pieces;
        bool skipped;
        do
        {
            (List<int> turns, int[] stored) = Turns();
            pieces = Read(turns, stored);
            // Numbers that a power cut took from the disk are gone past at once: nothing else need happen for that.
            skipped = pieces.Count == 0 && turns.Count > 0;
        }
        while (skipped);
        return new OutputPage(pieces, Ended(), _left == 0);
    }

    // Whose pieces to bring, one after the other, and how many there are of each target.
    private (List<int> Turns, int[] Stored) Turns()
    {
        int[] counts = new int[output.Targets], stored = [.. Enumerable.Range(0, output.Targets).Select(target => output.Of(target).Stored)];
        var turns = new List<int>();
        for (int idle = 0; turns.Count < most && idle < output.Targets; _turn = (_turn + 1) % output.Targets)
        {
            if (counts[_turn] >= stored[_turn] - _next[_turn])
            {
                idle++;
                continue;
            }

            idle = 0;
            counts[_turn]++;
            turns.Add(_turn);
        }

        return (turns, stored);
    }

    private List<StoredPiece> Read(List<int> turns, int[] stored)
    {
        (int Target, int From, int Count)[] ranges = [.. turns.CountBy(target => target).Select(turn => (turn.Key, _next[turn.Key], turn.Value))];
        Dictionary<int, Queue<StoredPiece>> read = store.Pieces(job.Id, ranges)
            .OrderBy(piece => piece.Head.Sequence)
            .GroupBy(piece => piece.Head.Target)
            .ToDictionary(target => target.Key, target => new Queue<StoredPiece>(target));
        foreach ((int target, _, int count) in ranges)
        {
            int found = read.TryGetValue(target, out Queue<StoredPiece>? its) ? its.Count : 0, behind = found == 0 ? 0 : its!.Last().Head.Sequence + 1;
            // Fewer than wanted: there is none in what is left of the numbers.
            _next[target] = found == count ? behind : Math.Max(behind, stored[target]);
        }

        var pieces = new List<StoredPiece>(turns.Count);
        foreach (int target in turns)
        {
            if (read.TryGetValue(target, out Queue<StoredPiece>? its) && its.TryDequeue(out StoredPiece? piece))
                pieces.Add(piece);
        }

        return pieces;
    }

    private List<int> Ended()
    {
        var ended = new List<int>();
        for (int target = 0; target < _ended.Length; target++)
        {
            if (_ended[target] || output.Of(target) is not { Ended: true, Stored: int stored } || _next[target] < stored)
                continue;
            _ended[target] = true;
            _left--;
            ended.Add(target);
        }

        return ended;
    }
}
