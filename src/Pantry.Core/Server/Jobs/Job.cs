using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server.Output;
using Pantry.Storage;

namespace Pantry.Server.Jobs;

/// <summary>
/// The one place where a job's targets are accounted for: each has its turn, and ends once, whatever happens. No I/O: it
/// says what to send and what to write, the dispatcher does. How far each has come is <see cref="JobProgress"/>'s, what
/// becomes of its rows <see cref="JobRowList"/>'s.
/// </summary>
internal sealed class Job
{
    private readonly Lock _lock = new();
    private readonly JobLine _line = new();
    private readonly JobQuorum _quorum;
    private readonly JobWindow _window;
    private int _done;
    private int _begun;
    private bool _suspended;
    private bool _cancelled;
    private DateTimeOffset? _endedAt;

    /// <param name="order">The order.</param>
    /// <param name="targets">Identities of the targets.</param>
    /// <param name="keys">Their keys, in the same order.</param>
    /// <param name="createdAt">When the server took it.</param>
    /// <param name="rows">Where its rows are.</param>
    public Job(JobOrder order, IReadOnlyList<string> targets, IReadOnlyList<PublicKey?> keys, DateTimeOffset createdAt, JobRowList rows)
    {
        Order = order;
        Targets = targets;
        CreatedAt = createdAt;
        Rows = rows;
        Progress = new JobProgress(_lock, targets, keys);
        _window = new JobWindow(order.Request.Plan, targets.Count);
        _quorum = new JobQuorum(order.Request.Plan.Quorum, targets.Count);
    }

    public string Id => Order.Statement.Job;

    /// <summary>What was ordered, as its operator signed it.</summary>
    public JobOrder Order { get; }

    public IReadOnlyList<string> Targets { get; }

    public DateTimeOffset CreatedAt { get; }

    public JobRowList Rows { get; }

    /// <summary>How far its targets have come.</summary>
    public JobProgress Progress { get; }

    /// <summary>What there is of its live output; null where none is wanted.</summary>
    public JobOutput? Output { get; init; }

    /// <summary>Position of the order among all of this run of the server; 0 for one of an earlier run, which nobody hears as published.</summary>
    public long Number { get; init; }

    /// <summary>Timestamp at which this run of the server took it, or took it up again.</summary>
    public long TakenAt { get; init; }

    /// <summary>When it was taken up again after a restart of the server; zero where it was not.</summary>
    public long RestoredAt { get; private set; }

    /// <summary>When its operator cancelled it; zero where that was not so.</summary>
    public long CancelledAt { get; private set; }

    /// <summary>How many targets, in their order, may have been sent the order.</summary>
    public int Begun
    {
        get
        {
            lock (_lock)
                return _begun;
        }
    }

    /// <summary>Whether every target has ended.</summary>
    public bool Ended
    {
        get
        {
            lock (_lock)
                return _done == Targets.Count;
        }
    }

    /// <summary>When its last row was there; null before, and where this run of the server did not see it.</summary>
    public DateTimeOffset? EndedAt
    {
        get
        {
            lock (_lock)
                return _endedAt;
        }
    }

    public PantryJobState State
    {
        get
        {
            lock (_lock)
            {
                return _done == Targets.Count ? _cancelled ? PantryJobState.Cancelled : PantryJobState.Ended
                    : _cancelled ? PantryJobState.Cancelling
                    : _suspended ? PantryJobState.Suspended
                    : _quorum.IsOpen ? PantryJobState.Preparing
                    : PantryJobState.Running;
            }
        }
    }

    /// <summary>
    /// Goes on where a job had come to before the server was restarted: targets without a row wait, and get the order again,
    /// which none carries out twice. Where nothing is to be started any more, those that may be at work are waited for.
    /// </summary>
    public void Restore(StoredJob stored, long now)
    {
        lock (_lock)
        {
            RestoredAt = now;
            _begun = stored.Order!.Begun;
            _suspended = stored.State == PantryJobState.Suspended;
            _cancelled = stored.State == PantryJobState.Cancelling;
            if (stored.State != PantryJobState.Preparing)
                _quorum.Close();
            if (_cancelled)
                CancelledAt = now;
            foreach (StoredRow row in stored.Rows)
            {
                JobTarget ended = Progress.Find(row.Row.Client)!;
                (ended.State, ended.Written, ended.EndedWithoutIt) = (TargetState.Done, true, row.IsServersWord);
                if (row.IsLeftOut)
                    LeaveOut();
                else
                    _window.Restore(row.Row.Result.Status == CommandStatus.Succeeded, row.Canary);
                _done++;
            }

            bool halted = _cancelled || _window.Stop() is not null;
            foreach (JobTarget target in Progress.All.Where(target => target.State != TargetState.Done))
            {
                if (halted && target.Place < _begun)
                {
                    (target.State, target.SentAt, target.LastSentAt, target.AcceptedAt, target.GoneAt) = (TargetState.Accepted, now, now, now, now);
                    _window.Started(canary: false);
                }
                else
                {
                    target.MayHaveBegun = target.Place < _begun;
                    _line.Add(target);
                }
            }
        }
    }

    /// <summary>Whether an earlier run of the server may have sent a target the order.</summary>
    public bool MayHaveBegun(string identity)
    {
        lock (_lock)
            return Progress.Find(identity) is { MayHaveBegun: true };
    }

    /// <summary>
    /// Takes those out of the line that may have begun before the server was restarted, for the order cannot be begun any more: what became of it there is
    /// waited for, as long as for others whose client is away.
    /// </summary>
    public IReadOnlyList<string> TakeBegun(long now)
    {
        lock (_lock)
        {
            JobTarget[] begun = [.. _line.Take(() => true, identity => Progress.Find(identity) is { MayHaveBegun: true })];
            foreach (JobTarget target in begun)
            {
                (target.State, target.SentAt, target.LastSentAt, target.AcceptedAt, target.GoneAt) = (TargetState.Accepted, now, now, now, RestoredAt);
                _window.Started(canary: false);
            }

            return [.. begun.Select(target => target.Identity)];
        }
    }

    /// <summary>Puts targets in line; <see cref="TakeBatch"/> gives them out.</summary>
    public void Enqueue(IEnumerable<string> targets)
    {
        lock (_lock)
        {
            foreach (string target in targets)
                _line.Add(Progress.Find(target)!);
        }
    }

    /// <summary>Whether these are all the targets that were ever put in line, so that the order need not name them.</summary>
    public bool IsAll(IReadOnlyList<string> batch)
    {
        lock (_lock)
            return _line.WasAll(batch.Count);
    }

    /// <summary>The targets to send to now: as many as there is room for.</summary>
    /// <param name="now">The time.</param>
    /// <param name="isThere">Whether a client can be sent something; one that cannot keeps its place in line.</param>
    public IReadOnlyList<string> TakeBatch(long now, Func<string, bool> isThere)
    {
        lock (_lock)
        {
            var batch = new List<string>();
            if (_cancelled || _suspended || _quorum.IsOpen)
                return batch;
            foreach (JobTarget target in _line.Take(() => _window.Room > 0, isThere))
            {
                target.State = TargetState.Sent;
                target.Canary = _window.NextIsCanary;
                target.SentAt = target.LastSentAt = now;
                target.GoneAt = 0;
                target.Resends = 0;
                _begun = Math.Max(_begun, target.Place + 1);
                _window.Started(target.Canary);
                batch.Add(target.Identity);
            }

            return batch;
        }
    }

    /// <summary>The target says that it would carry the order out; true where that was the last one needed.</summary>
    public bool Prepared(string identity)
    {
        lock (_lock)
            return Progress.Find(identity) is { State: TargetState.Waiting } && _quorum.Add(identity);
    }

    /// <summary>Whether it is time to ask again who is ready; notes that it is asked.</summary>
    public bool IsPrepareDue(long now, TimeProvider time, TimeSpan every)
    {
        lock (_lock)
            return _quorum.IsDue(now, time, every);
    }

    /// <summary>Whether so many targets have ended that the quorum cannot come together.</summary>
    public bool QuorumIsLost
    {
        get
        {
            lock (_lock)
                return _quorum.IsLost(_done);
        }
    }

    /// <summary>Targets that have not said whether they are ready.</summary>
    public IReadOnlyList<string> Unprepared()
    {
        lock (_lock)
            return _quorum.IsOpen ? [.. Progress.All.Where(target => target.State == TargetState.Waiting && !_quorum.Has(target.Identity)).Select(target => target.Identity)] : [];
    }

    /// <summary>Whether the order is for the client that holds this key under this name.</summary>
    public bool IsTarget(string identity, PublicKey key) => Progress.Find(identity) is { } target && (target.Key?.Equals(key) ?? true);

    /// <summary>Ends a target; its row is to be written then. Null where it has ended, or is none of this job's.</summary>
    /// <param name="identity">The target.</param>
    /// <param name="result">How it ended.</param>
    /// <param name="bodies">Its output.</param>
    /// <param name="roundTrip">From the order's leaving to the result's arrival; null where the target did not say it itself.</param>
    /// <param name="itself">Whether it is the target's own word.</param>
    public StoredRow? TryEnd(string identity, Result result, IReadOnlyList<byte[]> bodies, TimeSpan? roundTrip, bool itself)
    {
        lock (_lock)
        {
            if (Progress.Find(identity) is not { State: not TargetState.Done } target)
                return null;
            // One that waits anew since the server was restarted may have been sent the order before that.
            bool mayHaveRun = itself || (target.IsOpen && target.WasSent) || (RestoredAt != 0 && target.Place < _begun);
            bool due = mayHaveRun && RunReports.AreDue(Order, result, bodies, itself);
            var row = new StoredRow(new ResultRow(0, target.Identity, roundTrip, result, bodies), target.Canary, Output is null ? null : target.Place)
            {
                ReportsOf = due ? target.Key : null,
                DryRun = due && RunReports.IsDryRun(Order),
            };
            if (!itself && row.IsLeftOut)
                LeaveOut();
            else
                _window.Ended(result.Status == CommandStatus.Succeeded, wasRunning: target.IsOpen, target.Canary);
            target.State = TargetState.Done;
            target.EndedWithoutIt = !itself;
            _done++;
            return row;
        }
    }

    /// <summary>Its last row is there.</summary>
    public void NoteEnded(DateTimeOffset at)
    {
        lock (_lock)
            _endedAt = at;
    }

    /// <summary>Why no further target may be started; null where some may.</summary>
    public (string Code, string Message)? Stop()
    {
        lock (_lock)
            return _line.IsEmpty || _cancelled ? null : _window.Stop();
    }

    /// <summary>Place of a target among the job's; null where it is none of this job's.</summary>
    public int? PlaceOf(string identity) => Progress.Find(identity)?.Place;

    /// <summary>No further target is started, and those at work are to stop.</summary>
    public void Cancel(long now)
    {
        lock (_lock)
        {
            _cancelled = true;
            CancelledAt = CancelledAt == 0 ? now : CancelledAt;
        }
    }

    /// <summary>Holds back what has not been started, or lets it go on. False where that was so already.</summary>
    public bool Suspend(bool suspended)
    {
        lock (_lock)
        {
            bool changed = _suspended != suspended;
            _suspended = suspended;
            return changed;
        }
    }

    /// <summary>Whether nothing more is started.</summary>
    public bool Halted
    {
        get
        {
            lock (_lock)
                return _cancelled || _window.Stop() is not null;
        }
    }

    /// <summary>Takes all targets out of the line: they are not started.</summary>
    public IReadOnlyList<string> TakeWaiting()
    {
        lock (_lock)
        {
            IReadOnlyList<string> taken = _line.Identities;
            _line.Clear();
            return taken;
        }
    }

    /// <summary>Targets in line.</summary>
    public IReadOnlyList<string> Waiting()
    {
        lock (_lock)
            return _line.Identities;
    }

    /// <summary>A target that was sent the order and never acknowledged it waits again.</summary>
    public bool TakeBack(string identity)
    {
        lock (_lock)
        {
            if (Progress.Find(identity) is not { State: TargetState.Sent } target)
                return false;
            target.State = TargetState.Waiting;
            _window.TookBack(target.Canary);
            _line.PutBack(target);
            return true;
        }
    }

    // It is known before anybody is asked that it cannot be started: whatever is a share of the targets is one of the others.
    private void LeaveOut()
    {
        _window.LeftOut();
        _quorum.LeftOut();
    }
}
