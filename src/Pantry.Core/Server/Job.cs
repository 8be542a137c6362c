using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Targeting;

namespace Pantry.Server;

/// <summary>
/// The one place where a job's rows are accounted for: every target ends in exactly one row, whatever happens, and a
/// row never changes. No I/O: it says what to send, the dispatcher sends it.
/// </summary>
internal sealed class Job
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, JobTarget> _targets = new(Names.Comparer);
    private readonly Queue<string> _waiting = new();
    private readonly List<ResultRow?> _rows = [];
    private TaskCompletionSource _rowAdded = NewSignal();
    private int _running;
    private int _failed;
    private bool _cancelled;

    /// <param name="order">The order.</param>
    /// <param name="targets">Identities of the targets.</param>
    /// <param name="keys">Their keys: who has the name later, with another key, is no target.</param>
    public Job(JobOrder order, IReadOnlyList<string> targets, IReadOnlyDictionary<string, PublicKey>? keys = null)
    {
        Order = order;
        Targets = targets;
        foreach (string target in targets)
            _targets[target] = new JobTarget(keys?.GetValueOrDefault(target));
    }

    public string Id => Order.Statement.Job;

    /// <summary>What was ordered, as its operator signed it.</summary>
    public JobOrder Order { get; }

    public IReadOnlyList<string> Targets { get; }

    public bool Ended
    {
        get
        {
            lock (_lock)
                return _rows.Count == Targets.Count;
        }
    }

    /// <summary>Puts targets in line; <see cref="TakeBatch"/> gives them out.</summary>
    public void Enqueue(IEnumerable<string> targets)
    {
        lock (_lock)
        {
            foreach (string target in targets)
                _waiting.Enqueue(target);
        }
    }

    /// <summary>The targets to send to now: as many as the window of running ones has room for.</summary>
    public IReadOnlyList<string> TakeBatch(long now)
    {
        lock (_lock)
        {
            var batch = new List<string>();
            while (_waiting.Count > 0 && !_cancelled && (Order.Request.BatchSize == 0 || _running < Order.Request.BatchSize))
            {
                string identity = _waiting.Dequeue();
                JobTarget target = _targets[identity];
                if (target.State != TargetState.Waiting)
                    continue;
                target.State = TargetState.Sent;
                target.SentAt = target.LastSentAt = now;
                _running++;
                batch.Add(identity);
            }

            return batch;
        }
    }

    /// <summary>The target has the order; false where it is none of this job's, or its row is there already.</summary>
    public bool Accept(string identity, long now)
    {
        lock (_lock)
        {
            if (!_targets.TryGetValue(identity, out JobTarget? target) || target.State != TargetState.Sent)
                return false;
            target.State = TargetState.Accepted;
            target.AcceptedAt = now;
            return true;
        }
    }

    /// <summary>Whether the order is for the client that holds this key under this name.</summary>
    public bool IsTarget(string identity, PublicKey key)
    {
        lock (_lock)
            return _targets.TryGetValue(identity, out JobTarget? target) && (target.Key is null || target.Key.Equals(key));
    }

    /// <summary>Ends a target with its row; false where it has one, or is none of this job's.</summary>
    public bool Complete(string identity, Result result, IReadOnlyList<byte[]> bodies, TimeSpan? roundTrip)
    {
        lock (_lock)
        {
            if (!_targets.TryGetValue(identity, out JobTarget? target) || target.State == TargetState.Done)
                return false;
            if (target.State is TargetState.Sent or TargetState.Accepted)
                _running--;
            target.State = TargetState.Done;
            target.Outcome = result.Status;
            if (result.Status != CommandStatus.Succeeded)
                _failed++;
            _rows.Add(new ResultRow(_rows.Count, identity, roundTrip, result, bodies));
            Signal();
        }

        if (Order.Request.MaxFailure is { } most && FailedMoreThan(most))
            CancelWaiting("MaxFailureReached", $"Not started: more than {most} targets did not succeed.");
        return true;
    }

    /// <summary>Ends a target without its own word.</summary>
    public bool Complete(string identity, CommandStatus status, string code, string message) =>
        Complete(identity, new Result(Id, status, null, new CommandError(code, message), BodyFormat.None, null, false, null, TimeSpan.Zero), [], null);

    public long? SentAt(string identity)
    {
        lock (_lock)
            return _targets.TryGetValue(identity, out JobTarget? target) && target.State != TargetState.Waiting ? target.SentAt : null;
    }

    /// <summary>Ends what has not been started, and says which targets are at work.</summary>
    public IReadOnlyList<string> Cancel()
    {
        CancelWaiting("Cancelled", "Cancelled before it was started.");
        lock (_lock)
            return [.. _targets.Where(pair => pair.Value.State is TargetState.Sent or TargetState.Accepted).Select(pair => pair.Key)];
    }

    /// <summary>Targets that were sent the order and have not ended.</summary>
    public IReadOnlyList<OpenTarget> OpenTargets()
    {
        lock (_lock)
        {
            return
            [
                .. _targets.Where(pair => pair.Value.State is TargetState.Sent or TargetState.Accepted)
                    .Select(pair => new OpenTarget(
                        pair.Key, pair.Value.State == TargetState.Accepted, pair.Value.SentAt, pair.Value.LastSentAt, pair.Value.AcceptedAt, pair.Value.Resends)),
            ];
        }
    }

    public void NoteResend(string identity, long now)
    {
        lock (_lock)
        {
            JobTarget target = _targets[identity];
            target.LastSentAt = now;
            target.Resends++;
        }
    }

    /// <summary>How each target that has ended did.</summary>
    public IReadOnlyList<(string Target, CommandStatus Status)> Outcomes()
    {
        lock (_lock)
            return [.. _targets.Where(pair => pair.Value.State == TargetState.Done).Select(pair => (pair.Key, pair.Value.Outcome))];
    }

    /// <summary>How the targets did, in a few words.</summary>
    public string Summary() => string.Join(", ", Outcomes().GroupBy(row => row.Status).OrderBy(group => group.Key).Select(group => $"{group.Count()} {group.Key}"));

    /// <summary>Rows from a place on; waits for those to come, ends after the last.</summary>
    public async IAsyncEnumerable<ResultRow> ReadRowsAsync(
        int from, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        int next = from;
        while (next < Targets.Count)
        {
            ResultRow? row = null;
            Task? added = null;
            lock (_lock)
            {
                if (next < _rows.Count)
                    row = _rows[next++];
                else
                    added = _rowAdded.Task;
            }

            if (added is not null)
                await added.WaitAsync(cancellation).ConfigureAwait(false);
            else if (row is not null)
                yield return row;
        }
    }

    /// <summary>Rows below a place have been taken: their output need not be held any longer.</summary>
    public void Release(int below)
    {
        lock (_lock)
        {
            for (int i = Math.Min(below, _rows.Count) - 1; i >= 0 && _rows[i] is not null; i--)
                _rows[i] = null;
        }
    }

    private bool FailedMoreThan(int most)
    {
        lock (_lock)
            return _failed > most && !_cancelled;
    }

    private void CancelWaiting(string code, string message)
    {
        lock (_lock)
        {
            _cancelled = true;
            _waiting.Clear();
        }

        foreach (string identity in Targets)
        {
            bool waiting;
            lock (_lock)
                waiting = _targets[identity].State == TargetState.Waiting;
            if (waiting)
                Complete(identity, CommandStatus.Cancelled, code, message);
        }
    }

    private void Signal()
    {
        _rowAdded.TrySetResult();
        if (_rows.Count < Targets.Count)
            _rowAdded = NewSignal();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private enum TargetState
    {
        Waiting,
        Sent,
        Accepted,
        Done,
    }

    private sealed class JobTarget(PublicKey? key)
    {
        public PublicKey? Key => key;

        public TargetState State { get; set; }

        public long SentAt { get; set; }

        public long LastSentAt { get; set; }

        public long AcceptedAt { get; set; }

        public int Resends { get; set; }

        public CommandStatus Outcome { get; set; }
    }
}

/// <summary>A target that was sent the order and has not ended.</summary>
internal readonly record struct OpenTarget(string Identity, bool Accepted, long SentAt, long LastSentAt, long AcceptedAt, int Resends);
