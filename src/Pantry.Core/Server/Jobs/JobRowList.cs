using System.Runtime.CompilerServices;
using Pantry.Protocol;

namespace Pantry.Server.Jobs;

/// <summary>
/// A job's rows as they stand in the database, for readers from any place on. Large output is not held here but read
/// again when it is wanted.
/// </summary>
internal sealed class JobRowList
{
    private readonly Lock _lock = new();
    private readonly List<Entry> _rows = [];
    private readonly int _targets;
    private readonly int _keptOutput;
    private readonly Func<int, IReadOnlyList<byte[]>> _output;
    private TaskCompletionSource _added = NewSignal();
    private int _released;
    private bool _closed;

    /// <param name="targets">How many rows there will be.</param>
    /// <param name="keptOutput">Bytes of output that a row may have here.</param>
    /// <param name="output">Reads the output of a row by its number.</param>
    /// <param name="rows">Heads of rows that are there already.</param>
    public JobRowList(int targets, int keptOutput, Func<int, IReadOnlyList<byte[]>> output, IEnumerable<ResultRow> rows)
    {
        _targets = targets;
        _keptOutput = keptOutput;
        _output = output;
        _rows.AddRange(rows.Select(row => new Entry(row, IsWhole: false)));
    }

    public int Count
    {
        get
        {
            lock (_lock)
                return _rows.Count;
        }
    }

    /// <summary>Whether the server has stopped: what was missing then stands here as lost.</summary>
    public bool IsClosed
    {
        get
        {
            lock (_lock)
                return _closed;
        }
    }

    /// <summary>Adds the next row.</summary>
    public void Add(ResultRow row)
    {
        lock (_lock)
        {
            if (_closed)
                return;
            bool whole = row.Bodies.Sum(body => (long)body.Length) <= _keptOutput;
            _rows.Add(new Entry(whole ? row : row with { Bodies = [] }, whole));
            _added.TrySetResult();
            if (_rows.Count < _targets)
                _added = NewSignal();
        }
    }

    /// <summary>Rows below a place have been taken: their output need not be held any longer.</summary>
    public void Release(int below)
    {
        lock (_lock)
        {
            for (; _released < Math.Min(below, _rows.Count); _released++)
            {
                if (_rows[_released] is { IsWhole: true, Row.Bodies.Count: > 0 } held)
                    _rows[_released] = new Entry(held.Row with { Bodies = [] }, IsWhole: false);
            }
        }
    }

    /// <summary>The server stops: whoever reads on in this process gets these for the targets that have none, and no more are added.</summary>
    public void Close(IReadOnlyList<string> targets, Func<string, ResultRow> missing)
    {
        lock (_lock)
        {
            var there = _rows.Select(entry => entry.Row.Client).ToHashSet(Targeting.Names.Comparer);
            foreach (string target in targets.Where(target => !there.Contains(target)))
                _rows.Add(new Entry(missing(target) with { Number = _rows.Count }, IsWhole: true));
            _closed = true;
            _added.TrySetResult();
        }
    }

    /// <summary>The heads of the rows there are.</summary>
    public IReadOnlyList<ResultRow> Heads()
    {
        lock (_lock)
            return [.. _rows.Select(entry => entry.Row)];
    }

    /// <summary>How many rows ended in which way.</summary>
    public IReadOnlyDictionary<string, int> Counts()
    {
        lock (_lock)
            return _rows.GroupBy(entry => entry.Row.Result.Status).ToDictionary(group => group.Key.ToString(), group => group.Count());
    }

    /// <summary>How the targets did, in a few words.</summary>
    public string Summary() => string.Join(", ", Heads().GroupBy(row => row.Result.Status).OrderBy(group => group.Key).Select(group => $"{group.Count()} {group.Key}"));

    /// <summary>Completes when there is a row at a place, when none can come any more, or when none came in time.</summary>
    public async Task WaitForAsync(int place, TimeSpan wait, TimeProvider time, CancellationToken cancellation)
    {
        long since = time.GetTimestamp();
        while (time.GetElapsedTime(since) < wait)
        {
            Task added;
            lock (_lock)
            {
                if (place < _rows.Count || place >= _targets || _closed)
                    return;
                added = _added.Task;
            }

            try
            {
                await added.WaitAsync(wait - time.GetElapsedTime(since), time, cancellation).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                return;
            }
        }
    }

    /// <summary>Rows from a place on; waits for those to come, ends after the last.</summary>
    public async IAsyncEnumerable<ResultRow> ReadAsync(int from, [EnumeratorCancellation] CancellationToken cancellation)
    {
        for (int next = from; next < _targets;)
        {
            Entry? entry = null;
            Task added;
            lock (_lock)
            {
                added = _added.Task;
                if (next < _rows.Count)
                    entry = _rows[next];
            }

            if (entry is null)
            {
                await added.WaitAsync(cancellation).ConfigureAwait(false);
                continue;
            }

            cancellation.ThrowIfCancellationRequested();
            yield return entry.IsWhole ? entry.Row : entry.Row with { Bodies = _output(next) };
            next++;
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed record Entry(ResultRow Row, bool IsWhole);
}
