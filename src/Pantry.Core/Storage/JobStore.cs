using System.Collections.Immutable;
using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using Pantry.Protocol;

namespace Pantry.Storage;

/// <summary>
/// Jobs and their rows, in <c>jobs.db</c> beside the server's other database. One task writes, a batch a transaction, or
/// whoever adds a job while nobody else writes; what it has taken is kept and tried again while the disk refuses it. What is
/// written survives the process; a power cut may take the last moments.
/// </summary>
internal sealed partial class JobStore : IAsyncDisposable
{
    public const string FileName = "jobs.db";

    private readonly SqliteFile _file;
    private volatile StorageLimits _limits;
    private readonly TimeProvider _time;
    private readonly Channel<JobWork> _queue = Channel.CreateUnbounded<JobWork>();
    private readonly CancellationTokenSource _closing = new();
    private readonly RetryPause _pause = new();
    private readonly Task _writing;

    // Whoever writes holds it: the task, or a caller while the queue is empty.
    private readonly Lock _turn = new();

    // Of whoever has the turn: the numbers of jobs that have not ended, and how many rows they have.
    private readonly Dictionary<string, Place> _places = [];
    private volatile PantryException? _fault;
    private long _waitingBytes;
    private long _waitingPieces;

    private JobStore(SqliteFile file, StorageLimits limits, TimeProvider time)
    {
        _file = file;
        _limits = limits;
        _time = time;
        foreach ((long number, string id, int rows) in _file.Read(
            "SELECT number, id, rows FROM jobs WHERE ended_at IS NULL", reader => (reader.GetInt64(0), reader.GetString(1), (int)reader.GetInt64(2))))
        {
            _places[id] = new Place(number, rows);
        }

        _writing = Task.Run(WriteAllAsync);
    }

    /// <summary>Limits and times; how long and how much is kept may change while the store is open.</summary>
    public StorageLimits Limits
    {
        get => _limits;
        set => _limits = value;
    }

    /// <summary>Why what waits could not be written when it was last tried; null when nothing waits for the disk. While there is one, no order is taken.</summary>
    public PantryException? Fault => _fault;

    /// <summary>Whether more output can wait to be written; where not, a result is best left with its client.</summary>
    public bool HasRoom => Volatile.Read(ref _waitingBytes) < _limits.WaitingOutput;

    /// <summary>Whether more live output can wait to be written; it has a bound of its own, so that it takes no result's room.</summary>
    public bool HasRoomForPieces => Volatile.Read(ref _waitingPieces) < _limits.WaitingPieces;

    /// <exception cref="PantryException">The file is unfit for use.</exception>
    public static JobStore Open(ServerDatabase database, StorageLimits? limits = null, TimeProvider? time = null) => new(
        SqliteFile.Open(Path.Combine(database.RootDirectory, FileName), JobSchema.Migrations), limits ?? new StorageLimits(), time ?? TimeProvider.System);

    /// <summary>Adds a job; when this completes, no end of the process can take it away.</summary>
    /// <exception cref="PantryException">It could not be written, there is one of that id already, or the store is closed.</exception>
    public async Task AddAsync(StoredJob job)
    {
        if (_fault is not null)
            await TryAgainAsync(_pause.AskAsync()).ConfigureAwait(false);
        if (_fault is { } fault)
            throw StorageErrors.Failed(_file.Path, $"Jobs cannot be written: {fault.Message}", fault);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var add = new JobWork.Add(job, done);
        if (!TryWriteNow(add))
        {
            Put(add);
            // The task may be about to pause, with this one in its queue.
            _ = _pause.AskAsync();
        }

        try
        {
            await done.Task.WaitAsync(_limits.AuditDeadline).ConfigureAwait(false);
        }
        catch (TimeoutException exception)
        {
            // Left out by the writer, unless it has begun with it.
            done.TrySetCanceled(CancellationToken.None);
            throw StorageErrors.Failed(_file.Path, $"It was not written within {_limits.AuditDeadline.TotalSeconds} s. Look at the disk.", exception);
        }
    }

    /// <summary>Takes a job away that was not begun.</summary>
    public void Remove(string job)
    {
        var remove = new JobWork.Remove(job);
        if (!TryWriteNow(remove))
            Put(remove);
    }

    /// <summary>Adds a target's row.</summary>
    /// <param name="job">The job's id.</param>
    /// <param name="row">The row; its number is given here, in the order in which rows are written.</param>
    /// <param name="stored">Called with the row as it stands in the database, and how many pieces of live output its target has then, on the writing task.</param>
    public void AddRow(string job, StoredRow row, Action<ResultRow, int> stored)
    {
        Interlocked.Add(ref _waitingBytes, JobWork.SizeOf(row.Row));
        Put(new JobWork.AddRow(job, row, stored));
    }

    /// <summary>Adds a piece of a target's live output.</summary>
    /// <param name="job">The job's id.</param>
    /// <param name="piece">The piece.</param>
    /// <param name="stored">Called when it is written, on the writing task; with false where it is not, for its target has its row by now.</param>
    public void AddPiece(string job, NewPiece piece, Action<bool> stored)
    {
        Interlocked.Add(ref _waitingPieces, piece.Bytes.Length);
        Put(new JobWork.AddPiece(job, piece, stored));
    }

    /// <summary>Notes how far a job has come.</summary>
    /// <param name="job">The job's id.</param>
    /// <param name="state">Its state; the order is forgotten when it has ended.</param>
    /// <param name="begun">How many targets, in their order, may have been sent the order; null for no change.</param>
    public void Note(string job, PantryJobState state, int? begun = null) => Put(new JobWork.Note(job, state, begun, _time.GetUtcNow()));

    /// <summary>Completes when all that was put in before is written, or could not be.</summary>
    public Task FlushAsync()
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Put(new JobWork.Flush(done));
        return done.Task;
    }

    /// <summary>Writes what waits and closes the file. What the disk refuses even now is lost; clients keep their results.</summary>
    public async ValueTask DisposeAsync()
    {
        // First, so that nobody writes by itself any more.
        await _closing.CancelAsync().ConfigureAwait(false);
        _queue.Writer.TryComplete();
        await _writing.ConfigureAwait(false);
        _file.Dispose();
        _closing.Dispose();
        _pause.Dispose();
    }

    private async Task TryAgainAsync(Task attempt)
    {
        if (_fault is not null)
            await attempt.WaitAsync(_limits.AuditDeadline).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void Put(JobWork work)
    {
        if (!_queue.Writer.TryWrite(work))
            work.Fail(new PantryException(PantryErrorCode.Stopped, "The server was stopped; it takes no more orders."));
    }

    // Two changes of threads take longer than the write.
    private bool TryWriteNow(JobWork work)
    {
        if (!_turn.TryEnter())
            return false;
        try
        {
            // What cannot be written now is the task's, which tells whoever waits and tries again.
            return !_queue.Reader.TryPeek(out _) && _fault is null && !_closing.IsCancellationRequested && _file.TryWriteNow(() => TryWrite([work]));
        }
        finally
        {
            _turn.Exit();
        }
    }

    private async Task WriteAllAsync()
    {
        var batch = new List<JobWork>();
        while (batch.Count > 0 || await _queue.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            bool written;
            TaskCompletionSource? asked = _pause.Begin();
            lock (_turn)
            {
                while (batch.Count < _limits.JobBatch && _queue.Reader.TryRead(out JobWork? work))
                    batch.Add(work);
                written = TryWrite(batch);
            }

            // Whoever waits is told; the rest is tried again.
            if (written)
                batch.Clear();
            else
                batch.RemoveAll(work => work.Fail(_fault!));
            if (batch.Count == 0)
                _fault = null;
            _pause.Ended(asked, isDone: batch.Count == 0);
            if (batch.Count == 0)
                continue;

            if (_closing.IsCancellationRequested)
                break;
            await _pause.WaitAsync(_limits.AuditRetry, _closing.Token).ConfigureAwait(false);
        }

        _pause.Close();
    }

    private bool TryWrite(List<JobWork> batch)
    {
        var written = new List<Action>(batch.Count);
        var before = new Dictionary<string, Place?>();
        try
        {
            _file.WriteUnsynced(connection =>
            {
                foreach (JobWork work in batch)
                    Write(connection, work, before, written);
                foreach ((string id, _) in before)
                {
                    if (_places.TryGetValue(id, out Place? place))
                        WriteCounts(connection, place);
                }
            });
        }
        catch (Exception exception)
        {
            foreach ((string id, Place? place) in before)
            {
                if (place is null)
                    _places.Remove(id);
                else
                    _places[id] = place;
            }

            _fault = exception as PantryException
                ?? new PantryException(PantryErrorCode.InternalError, $"Jobs could not be written: {exception.GetType().Name}: {exception.Message}", exception);
            return false;
        }

        _fault = null;
        foreach (string id in before.Keys.Where(_places.ContainsKey))
            _places[id] = _places[id] with { NewBytes = 0 };
        foreach (Action tell in written)
            tell();
        return true;
    }

    private void Write(SqliteConnection connection, JobWork work, Dictionary<string, Place?> before, List<Action> written)
    {
        switch (work)
        {
            case JobWork.Add { Done.Task.IsCompleted: false } add:
                if (Exists(connection, add.Job.Id))
                {
                    written.Add(() => add.Fail(new PantryException(PantryErrorCode.InvalidArgument, $"There is a job {add.Job.Id} already; an order is given once.")));
                    break;
                }

                before.TryAdd(add.Job.Id, null);
                _places[add.Job.Id] = new Place(JobRows.Insert(connection, add.Job), 0);
                written.Add(() => add.Done.TrySetResult());
                break;
            case JobWork.AddRow add when _places.TryGetValue(add.Job, out Place? place):
                before.TryAdd(add.Job, place);
                ResultRow numbered = add.Row.Row with { Number = place.Rows };
                if (!JobRows.TryInsert(connection, place.Number, numbered.Number, add.Row with { Row = numbered }))
                {
                    // Tried again and again it would keep all others from being written.
                    written.Add(() => Interlocked.Add(ref _waitingBytes, -add.Size));
                    break;
                }

                (int pieces, long freed) = add.Row.Live is { } target ? PieceRows.Complete(connection, place.Number, target, numbered, _time.GetUtcNow()) : default;
                _places[add.Job] = place with
                {
                    Rows = place.Rows + 1,
                    NewBytes = place.NewBytes + add.Size - freed,
                    Ended = add.Row.Live is { } ended ? place.Ended.Add(ended) : place.Ended,
                };
                written.Add(() =>
                {
                    Interlocked.Add(ref _waitingBytes, -add.Size);
                    add.Stored(numbered, pieces);
                });
                break;
            case JobWork.AddRow left:
                written.Add(() => Interlocked.Add(ref _waitingBytes, -left.Size));
                break;
            case JobWork.AddPiece add:
                bool wanted = _places.TryGetValue(add.Job, out Place? its) && !its.Ended.Contains(add.Piece.Head.Target);
                if (wanted)
                {
                    before.TryAdd(add.Job, its);
                    if (PieceRows.TryAdd(connection, its!.Number, add.Piece))
                        _places[add.Job] = its with { NewBytes = its.NewBytes + add.Size };
                }

                written.Add(() =>
                {
                    Interlocked.Add(ref _waitingPieces, -add.Size);
                    add.Stored(wanted);
                });
                break;
            case JobWork.Note note when _places.TryGetValue(note.Job, out Place? place):
                before.TryAdd(note.Job, place);
                Write(connection, note, place);
                break;
            case JobWork.Remove remove when _places.TryGetValue(remove.Job, out Place? place):
                before.TryAdd(remove.Job, place);
                connection.Run("DELETE FROM jobs WHERE number = $number", ("$number", place.Number));
                _places.Remove(remove.Job);
                break;
            case JobWork.Flush flush:
                written.Add(() => flush.Done.TrySetResult());
                break;
            default:
                break;
        }
    }

    private void Write(SqliteConnection connection, JobWork.Note note, Place place)
    {
        bool ended = note.State is PantryJobState.Ended or PantryJobState.Cancelled;
        connection.Run("UPDATE jobs SET state = $state, ended_at = $ended_at WHERE number = $number",
            ("$state", note.State.ToString()), ("$ended_at", ended ? note.At : null), ("$number", place.Number));
        if (note.Begun is { } begun)
            connection.Run("UPDATE orders SET begun = max(begun, $begun) WHERE job = $job", ("$begun", begun), ("$job", place.Number));
        if (!ended)
            return;
        connection.Run("DELETE FROM orders WHERE job = $job", ("$job", place.Number));
        WriteCounts(connection, place);
        _places.Remove(note.Job);
    }

    private static void WriteCounts(SqliteConnection connection, Place place) => connection.Run(
        "UPDATE jobs SET rows = $rows, bytes = bytes + $bytes WHERE number = $number",
        ("$rows", place.Rows), ("$bytes", place.NewBytes), ("$number", place.Number));

    private static bool Exists(SqliteConnection connection, string id) => connection.Ask("SELECT 1 FROM jobs WHERE id = $id", ("$id", id)) is not null;

    private sealed record Place(long Number, int Rows, long NewBytes = 0)
    {
        /// <summary>Targets whose live output is complete: they have their rows.</summary>
        public ImmutableHashSet<int> Ended { get; init; } = [];
    }
}
