namespace Pantry.Server.Jobs;

/// <summary>Targets in line for their turn. Guarded by its job's lock.</summary>
internal sealed class JobLine
{
    private readonly LinkedList<JobTarget> _waiting = new();
    private int _enqueued;

    public bool IsEmpty => _waiting.Count == 0;

    public IReadOnlyList<string> Identities => [.. _waiting.Where(target => target.State == TargetState.Waiting).Select(target => target.Identity)];

    public void Add(JobTarget target)
    {
        _waiting.AddLast(target);
        _enqueued++;
    }

    /// <summary>A target that had its turn in vain is the next again.</summary>
    public void PutBack(JobTarget target) => _waiting.AddFirst(target);

    /// <summary>Whether so many are all that were ever in line.</summary>
    public bool WasAll(int count) => count == _enqueued;

    /// <summary>Takes the next targets that wait and may be taken, for as long as there is room.</summary>
    public IEnumerable<JobTarget> Take(Func<bool> hasRoom, Func<string, bool> mayTake)
    {
        for (LinkedListNode<JobTarget>? node = _waiting.First; node is not null && hasRoom();)
        {
            LinkedListNode<JobTarget> next = node;
            node = node.Next;
            // One that may not be taken keeps its place; one that has ended meanwhile has none.
            if (next.Value.State == TargetState.Waiting && !mayTake(next.Value.Identity))
                continue;
            _waiting.Remove(next);
            if (next.Value.State == TargetState.Waiting)
                yield return next.Value;
        }
    }

    public void Clear() => _waiting.Clear();
}
