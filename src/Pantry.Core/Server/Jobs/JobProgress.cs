using Pantry.Security;
using Pantry.Targeting;

namespace Pantry.Server.Jobs;

/// <summary>
/// How far each target of a job has come, by what it said and by what was sent to it. The lock is the job's own, for a
/// turn that is given or taken back is a change of both.
/// </summary>
internal sealed class JobProgress(Lock guard, IReadOnlyList<string> targets, IReadOnlyList<PublicKey?> keys)
{
    private readonly OrderedDictionary<string, JobTarget> _targets = new(
        targets.Select((target, place) => KeyValuePair.Create(target, new JobTarget(target, keys[place], place))), Names.Comparer);

    /// <summary>All targets in their order. Only whoever holds the lock may look at what changes of them.</summary>
    public IReadOnlyList<JobTarget> All => _targets.Values;

    /// <summary>A target of this job, null where it is none. Only whoever holds the lock may look at what changes of it.</summary>
    public JobTarget? Find(string identity) => _targets.GetValueOrDefault(identity);

    /// <summary>The target has the order. False where it is none of this job's, or has ended: then it must not begin.</summary>
    public bool Accept(string identity, long now)
    {
        lock (guard)
        {
            if (Find(identity) is not { State: not TargetState.Done } target)
                return false;
            if (target.State == TargetState.Sent)
                (target.State, target.AcceptedAt) = (TargetState.Accepted, now);
            return true;
        }
    }

    /// <summary>Targets that were sent the order and have not ended.</summary>
    public IReadOnlyList<OpenTarget> OpenTargets()
    {
        lock (guard)
        {
            return
            [
                .. _targets.Values.Where(target => target.IsOpen).Select(target => new OpenTarget(
                    target.Identity, target.State == TargetState.Accepted, target.SentAt, target.LastSentAt, target.AcceptedAt, target.GoneAt, target.Resends)),
            ];
        }
    }

    /// <summary>The order is about to leave for targets.</summary>
    public void NoteSent(IEnumerable<string> identities)
    {
        lock (guard)
        {
            foreach (string identity in identities)
                _targets[identity].WasSent = true;
        }
    }

    /// <summary>The target was sent the order, or its end, once more.</summary>
    public void NoteResend(string identity, long now)
    {
        lock (guard)
        {
            JobTarget target = _targets[identity];
            target.LastSentAt = now;
            target.Resends++;
        }
    }

    /// <summary>The client has gone offline, or come back. False where the target is not at work.</summary>
    public bool NoteGone(string identity, long goneAt)
    {
        lock (guard)
        {
            if (Find(identity) is not { IsOpen: true } target)
                return false;
            target.GoneAt = goneAt;
            return true;
        }
    }

    /// <summary>How far a target has come; null where it is none of this job's.</summary>
    public TargetState? StateOf(string identity)
    {
        lock (guard)
            return Find(identity)?.State;
    }

    /// <summary>When a target that is at work was given its turn; null for any other.</summary>
    public long? SentAt(string identity)
    {
        lock (guard)
            return Find(identity) is { IsOpen: true } target ? target.SentAt : null;
    }

    /// <summary>The target's row is on the disk.</summary>
    public void NoteWritten(string identity)
    {
        lock (guard)
            _targets[identity].Written = true;
    }

    /// <summary>What a target has to know that speaks though it has ended: whether its row is on the disk, and whether that says what it said.</summary>
    public (bool Written, bool EndedWithoutIt) EndOf(string identity)
    {
        lock (guard)
            return Find(identity) is { } target ? (target.Written, target.EndedWithoutIt) : (true, false);
    }

    /// <summary>The first late word of a target that ended without it; false for any other.</summary>
    public bool TakeLateWord(string identity)
    {
        lock (guard)
            return Find(identity) is { EndedWithoutIt: true, SpokeLate: false } target && (target.SpokeLate = true);
    }
}
