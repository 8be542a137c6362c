using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Pantry.Protocol;
using Pantry.Sessions;

namespace Pantry.Operators;

/// <summary>
/// A job at a server elsewhere. At most a window of rows waits here: the server sends more when told that some were taken.
/// </summary>
internal sealed class RemoteJob(string id, IReadOnlyList<string> targets, RemoteJobs jobs, int window) : IJob
{
    // The server keeps to the window; a second one of room only covers rows that were sent again after a reconnect.
    private readonly Channel<ResultRow> _rows = Channel.CreateBounded<ResultRow>(new BoundedChannelOptions(Math.Max(1, window) * 4) { SingleReader = true });
    private readonly Lock _lock = new();
    private int _received;
    private int _taken;
    private ITimer? _wait;

    public string Id => id;

    public IReadOnlyList<string> Targets { get; private set; } = targets;

    /// <summary>Whether the request that started it has been answered; rows can be faster.</summary>
    public bool Adopted { get; set; } = true;

    /// <summary>The first row that has not come.</summary>
    public int Next
    {
        get
        {
            lock (_lock)
                return _received;
        }
    }

    /// <summary>Rows below this place have been read.</summary>
    public int Taken => Volatile.Read(ref _taken);

    public RemoteJob Adopt(IReadOnlyList<string> known)
    {
        Targets = known;
        Adopted = true;
        return this;
    }

    /// <summary>Takes a row in; one that came before, or out of order, is dropped: it comes again.</summary>
    public void Add(ResultRow row)
    {
        lock (_lock)
        {
            if (row.Number == _received && _rows.Writer.TryWrite(row))
                _received++;
        }
    }

    /// <summary>No more rows come; with a fault where there are some that cannot be had.</summary>
    public void End(Refused? fault)
    {
        int missing;
        lock (_lock)
            missing = Adopted ? Targets.Count - _received : 0;
        _rows.Writer.TryComplete(
            fault is not null ? LinkRequests.FromRefused(fault)
            : missing > 0 ? new PantryException(PantryErrorCode.ConnectionLost, $"The server ended job {id} with {missing} rows that did not come.")
            : null);
    }

    /// <summary>No rows can come at present; something is done unless the wait ends before. One that has begun goes on. By one caller at a time.</summary>
    public void Wait(TimeProvider time, TimeSpan most, Action tooLong) => _wait ??= time.CreateTimer(_ => tooLong(), null, most, Timeout.InfiniteTimeSpan);

    /// <summary>Rows can come, or nobody waits for them. By one caller at a time.</summary>
    public void EndWait()
    {
        _wait?.Dispose();
        _wait = null;
    }

    public void Fail(PantryException why) => _rows.Writer.TryComplete(why);

    public async IAsyncEnumerable<ResultRow> ReadRowsAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        try
        {
            await foreach (ResultRow row in _rows.Reader.ReadAllAsync(cancellation).ConfigureAwait(false))
            {
                Volatile.Write(ref _taken, row.Number + 1);
                await jobs.TakenAsync(this, _taken).ConfigureAwait(false);
                yield return row;
                if (_taken == Targets.Count)
                    yield break;
            }
        }
        finally
        {
            jobs.Remove(this);
            // Nobody reads on: what is left is let go, or the server would hold it for us.
            if (_taken < Targets.Count)
                await jobs.TakenAsync(this, Targets.Count).ConfigureAwait(false);
        }
    }

    public IAsyncEnumerable<OutputPage> ReadOutputAsync(IReadOnlyList<int> next, CancellationToken cancellation) => jobs.ReadOutputAsync(this, next, cancellation);

    public Task CancelAsync() => jobs.CancelAsync(this);
}
