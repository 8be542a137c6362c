using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;

namespace Pantry.Storage;

/// <summary>
/// What was done, by whom and with what outcome: only ever added to, each record hanging on the one before it. One task
/// writes, a batch a transaction; when its queue is full, callers wait. Who waits for a record while nothing else does
/// writes it at once. What is written survives the process; the disk is synced, and the checkpoint's file written, at once
/// where somebody waits for that, and else once in a while.
/// </summary>
internal sealed class AuditLog : IAsyncDisposable
{
    private readonly AuditStore _store;
    private readonly StorageLimits _limits;
    private readonly TimeProvider _time;
    private readonly Channel<Item> _queue;
    // Apart, so that strangers cannot make what those do who were let in disappear among "many".
    private readonly RefusalTally _refusals;
    private readonly RefusalTally _refusalsOfKnown;
    private readonly ITimer _refusalTimer;
    private readonly Task _writing;

    // Whoever writes holds it: the task, or a caller while the queue is empty.
    private readonly Lock _turn = new();

    // Entries that nobody waits for and that the disk refused; whoever has the turn changes it.
    private readonly List<Item> _held = [];
    private readonly CancellationTokenSource _closing = new();
    private readonly RetryPause _pause = new();
    private volatile bool _holding;

    // The newest checkpoint that is in the database, while the disk or the file does not have it; of whoever has the turn.
    private AuditCheckpoint? _unsynced;
    private long _syncedAt;
    private volatile AuditCheckpoint? _onDisk;
    private volatile PantryException? _fault;
    private long _leftOut;

    private AuditLog(AuditStore store, StorageLimits limits, TimeProvider time)
    {
        _store = store;
        _limits = limits;
        _time = time;
        _onDisk = store.NewestCheckpoint();
        _queue = Channel.CreateBounded<Item>(new BoundedChannelOptions(limits.AuditQueue) { SingleReader = true });
        _refusals = new RefusalTally(limits.RefusalKinds);
        _refusalsOfKnown = new RefusalTally(limits.RefusalKinds);

        // When the queue is full the tick is lost, and the next one takes what was counted.
        _refusalTimer = time.CreateTimer(_ => _queue.Writer.TryWrite(new Item(null, default, null)), null, limits.RefusalInterval, limits.RefusalInterval);
        _writing = Task.Run(WriteAllAsync);
    }

    /// <summary>Why the newest batch could not be written; null when it could. While there is one, no order should be given.</summary>
    public PantryException? Fault => _fault;

    /// <summary>Time until the disk is due to be synced.</summary>
    private TimeSpan UntilSync => TimeSpan.FromTicks(Math.Max(0, (_limits.AuditSync - Stopwatch.GetElapsedTime(_syncedAt)).Ticks));

    /// <exception cref="PantryException">The log was tampered with, or the disk failed.</exception>
    public static AuditLog Open(ServerDatabase database, StorageLimits? limits = null, TimeProvider? time = null)
    {
        var store = AuditStore.Open(database, out bool checkpointMissing);
        var log = new AuditLog(store, limits ?? new StorageLimits(), time ?? TimeProvider.System);

        // There is room in a queue that is new. A crash right after the first record explains it, once.
        if (checkpointMissing)
            log._queue.Writer.TryWrite(new Item(new AuditEvent("server", "OpenAuditLog", "CheckpointMissing"), log._time.GetUtcNow(), null));
        return log;
    }

    /// <summary>An entry has come into the log, at its time. Called by the log's own task or by whoever writes: it must neither wait nor throw, nor write into the log.</summary>
    public event Action<DateTimeOffset, AuditEvent>? Written;

    /// <summary>
    /// Adds an entry; when this completes, it stands in the database, and no end of the process can take it away. What must
    /// not happen unseen waits for this. The disk follows within <see cref="StorageLimits.AuditSync"/>.
    /// </summary>
    /// <exception cref="PantryException">It could not be written, in time or at all (StorageFailed), or the log is closed.</exception>
    public async Task WriteAsync(AuditEvent entry, CancellationToken cancellationToken = default)
    {
        // Older entries wait for the disk already; they show whether it works again.
        if (_holding)
            await TryAgainAsync(_pause.AskAsync(), cancellationToken).ConfigureAwait(false);
        if (_holding && _fault is { } fault)
            throw StorageErrors.Failed(_store.CheckpointPath, $"The audit log cannot be written: {fault.Message}", fault);

        var item = new Item(entry, _time.GetUtcNow(), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        if (TryWriteNow(item))
            await item.Done!.Task.ConfigureAwait(false);
        else
            await PutAsync(item, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Adds an entry without waiting for the disk; waits only for room. It is kept until the disk takes it.</summary>
    /// <exception cref="PantryException">The log is closed.</exception>
    public async ValueTask AppendAsync(AuditEvent entry, CancellationToken cancellationToken = default)
    {
        try
        {
            await _queue.Writer.WriteAsync(new Item(entry, _time.GetUtcNow(), null), cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            throw Closed();
        }
    }

    /// <summary>Counts a refusal; what is alike in an interval makes one record. Never waits.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="key">Whose key it was.</param>
    /// <param name="from">Where it came from.</param>
    /// <param name="isKnown">Whether the key was let in: what is refused to strangers takes no room of that.</param>
    public void AppendRefusal(string reason, string? key = null, string? from = null, bool isKnown = false) =>
        (isKnown ? _refusalsOfKnown : _refusals).Add(reason, key, from, _time.GetUtcNow());

    /// <summary>Counts an entry that its caller left out because too many wait; one record says how many there were.</summary>
    public void CountLeftOut() => Interlocked.Increment(ref _leftOut);

    /// <summary>Completes when all that was added before is on the disk, refusals too.</summary>
    /// <exception cref="PantryException">It could not be written.</exception>
    public Task FlushAsync(CancellationToken cancellationToken = default) =>
        PutAsync(new Item(null, default, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)), cancellationToken);

    /// <summary>Records that fit, as they are read. Those that still wait to be written are not among them.</summary>
    public IEnumerable<AuditRecord> Query(AuditQuery filter) => _store.Query(filter);

    /// <summary>The newest checkpoint that no power cut can take back, to be kept elsewhere; null while there is no record.</summary>
    public AuditCheckpoint? Checkpoint() => _onDisk;

    /// <inheritdoc cref="AuditVerification.Of"/>
    public AuditVerification Verify(AuditCheckpoint? external = null) => AuditVerification.Of(_store, external);

    /// <summary>Writes what waits and closes the log. What the disk refuses even now is lost.</summary>
    public async ValueTask DisposeAsync()
    {
        await _refusalTimer.DisposeAsync().ConfigureAwait(false);
        // First, so that nobody writes by itself any more.
        await _closing.CancelAsync().ConfigureAwait(false);
        _queue.Writer.TryComplete();
        await _writing.ConfigureAwait(false);
        _store.Dispose();
        _closing.Dispose();
        _pause.Dispose();
    }

    // Two changes of threads take longer than the write. All is left to the task that is not as it always is.
    private bool TryWriteNow(Item item)
    {
        if (!_turn.TryEnter())
            return false;
        try
        {
            if (_queue.Reader.Count > 0 || _holding || _fault is not null || _syncedAt == 0 || _closing.IsCancellationRequested)
                return false;
            bool wasSynced = _unsynced is null;
            bool written = _store.TryWriteNow(() =>
            {
                WriteBatch([item], maySync: false);
                return true;
            });
            // The task waits for ever while there is nothing to sync.
            if (written && wasSynced)
                _queue.Writer.TryWrite(Item.Nudge);
            return written;
        }
        finally
        {
            _turn.Exit();
        }
    }

    private async Task TryAgainAsync(Task attempt, CancellationToken cancellationToken)
    {
        try
        {
            if (_holding)
                await attempt.WaitAsync(_limits.AuditDeadline, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // The fault stands.
        }
    }

    private async Task PutAsync(Item item, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(_limits.AuditDeadline);
        try
        {
            await _queue.Writer.WriteAsync(item, deadline.Token).ConfigureAwait(false);
            // The writer may be about to pause, with this one in its queue.
            _ = _pause.AskAsync();
            await item.Done!.Task.WaitAsync(deadline.Token).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            throw Closed();
        }
        catch (OperationCanceledException exception)
        {
            // The writer leaves out what nobody waits for any more, unless it has begun with it.
            item.Done!.TrySetCanceled(CancellationToken.None);
            cancellationToken.ThrowIfCancellationRequested();
            throw StorageErrors.Failed(_store.CheckpointPath, $"The audit log was not written within {_limits.AuditDeadline.TotalSeconds} s. Look at the disk.", exception);
        }
    }

    private async Task WriteAllAsync()
    {
        var batch = new List<Item>();
        while (await WaitForMoreAsync().ConfigureAwait(false))
        {
            TaskCompletionSource? asked = _pause.Begin();
            lock (_turn)
            {
                batch.AddRange(_held);
                _held.Clear();
                while (batch.Count < _limits.AuditBatch && _queue.Reader.TryRead(out Item? item))
                    batch.Add(item);
                if (batch.Exists(item => item.Entry is null && !ReferenceEquals(item, Item.Nudge)))
                    AddRefusals(batch);
                WriteBatch(batch, maySync: true);
                batch.Clear();
                _pause.Ended(asked, isDone: !_holding);
                if (_held.Count > 0 && _closing.IsCancellationRequested)
                    break;
            }
        }

        lock (_turn)
        {
            AddRefusals(batch);
            WriteBatch([.. _held, .. batch], maySync: true);
            _holding = false;
        }

        _pause.Close();
        while (_queue.Reader.TryRead(out Item? left))
            left.Done?.TrySetException(Closed());
    }

    private async ValueTask<bool> WaitForMoreAsync()
    {
        if (_closing.IsCancellationRequested || (_held.Count == 0 && _unsynced is null))
            return await _queue.Reader.WaitToReadAsync().ConfigureAwait(false);
        if (_held.Count > 0 || _fault is not null)
        {
            await _pause.WaitAsync(_limits.AuditRetry, _closing.Token).ConfigureAwait(false);
            return true;
        }

        using var due = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token);
        due.CancelAfter(UntilSync);
        try
        {
            return await _queue.Reader.WaitToReadAsync(due.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return true;
        }
    }

    private void AddRefusals(List<Item> batch)
    {
        batch.AddRange(_refusalsOfKnown.Take().Concat(_refusals.Take()).Select(entry => new Item(entry, _time.GetUtcNow(), null)));
        if (Interlocked.Exchange(ref _leftOut, 0) is > 0 and long count)
        {
            string detail = string.Create(CultureInfo.InvariantCulture, $$"""{"count":{{count}}}""");
            batch.Add(new Item(new AuditEvent("server", "LeaveOut", "QueueFull") { Detail = detail }, _time.GetUtcNow(), null));
        }
    }

    private void WriteBatch(List<Item> batch, bool maySync)
    {
        List<Item> entries = [.. batch.Where(item => item.Entry is not null && item.Done is not { Task.IsCompleted: true })];
        bool written = false;
        try
        {
            // At first, and while something is wrong, nobody is told that a record stands before all of it went well.
            bool careful = _syncedAt == 0 || _fault is not null || _closing.IsCancellationRequested || batch.Exists(item => item is { Entry: null, Done: not null });
            if (entries.Count > 0)
            {
                _unsynced = _store.Append([.. entries.Select(item => (item.At, item.Entry!))], _time.GetUtcNow(), synced: careful);
                written = true;
                foreach (Item item in entries)
                    Written?.Invoke(item.At, item.Entry!);
            }

            if (!careful)
                entries.ForEach(item => item.Done?.TrySetResult());
            if (maySync && (careful || UntilSync == TimeSpan.Zero))
                Sync(alreadySynced: careful && written);

            _holding = false;
            foreach (Item item in batch)
                item.Done?.TrySetResult();
        }
        catch (Exception exception)
        {
            // Whatever it is, it must neither end the task nor pass unseen.
            PantryException fault = exception as PantryException
                ?? new PantryException(PantryErrorCode.InternalError, $"The audit log failed: {exception.GetType().Name}: {exception.Message}", exception);
            _fault = fault;

            // What its caller is told was refused is not written later; the rest is tried again.
            if (!written)
                _held.AddRange(entries.Where(item => item.Done is null));
            _holding = _held.Count > 0;
            foreach (Item item in batch)
                item.Done?.TrySetException(fault);
        }
    }

    // The file follows the disk: it must never know of a record that a power cut can still take.
    private void Sync(bool alreadySynced)
    {
        if (_unsynced is not { } checkpoint)
            return;
        if (!alreadySynced)
            _store.Sync();
        _store.WriteCheckpointFile(checkpoint);
        _onDisk = checkpoint;
        (_unsynced, _syncedAt, _fault) = (null, Stopwatch.GetTimestamp(), null);
    }

    private static PantryException Closed() => new(PantryErrorCode.Stopped, "The audit log is closed: the server has stopped.");

    /// <summary>An entry, or where there is none a wish to have everything written; Done where somebody waits.</summary>
    private sealed record Item(AuditEvent? Entry, DateTimeOffset At, TaskCompletionSource? Done)
    {
        /// <summary>Nothing but that there is something to sync.</summary>
        public static Item Nudge { get; } = new(null, default, null);
    }
}
