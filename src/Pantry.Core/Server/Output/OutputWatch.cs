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
        int[] counts = new int[output.Targets];
        var order = new List<(int Target, int Sequence)>();
        for (int idle = 0; order.Count < most && idle < output.Targets; _turn = (_turn + 1) % output.Targets)
        {
            int next = _next[_turn] + counts[_turn];
            if (next >= output.Of(_turn).Stored)
            {
                idle++;
                continue;
            }

            idle = 0;
            counts[_turn]++;
            order.Add((_turn, next));
        }

        Dictionary<(int, int), StoredPiece> read = store
            .Pieces(job.Id, [.. counts.Index().Where(count => count.Item > 0).Select(count => (count.Index, _next[count.Index], count.Item))])
            .ToDictionary(piece => (piece.Head.Target, piece.Head.Sequence));
        foreach ((int target, int count) in counts.Index())
            _next[target] += count;
        var pieces = order.Where(read.ContainsKey).Select(place => read[place]).ToList();
        return new OutputPage(pieces, Ended(), _left == 0);
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
