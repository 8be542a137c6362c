using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.Server.Jobs;

/// <summary>Targets that have said that they are ready, until there are enough. Guarded by its job's lock.</summary>
internal sealed class JobQuorum(Share? quorum, int targets)
{
    private readonly HashSet<string> _ready = new(Names.Comparer);
    private int _leftOut;
    private long _askedAt;

    private int Needed => quorum?.Of(targets - _leftOut) ?? 0;

    /// <summary>Whether targets are still asked; none is started before that is over.</summary>
    public bool IsOpen { get; private set; } = quorum is not null;

    /// <summary>After a restart of the server: there were enough before.</summary>
    public void Close() => IsOpen = false;

    public bool Has(string identity) => _ready.Contains(identity);

    /// <summary>A target is ready; true where it was the last one needed.</summary>
    public bool Add(string identity)
    {
        if (!IsOpen || !_ready.Add(identity) || _ready.Count < Needed)
            return false;
        IsOpen = false;
        return true;
    }

    /// <summary>A target cannot be started at all, which is known before any is asked: a percentage is one of the others.</summary>
    public void LeftOut() => _leftOut++;

    /// <summary>Whether so many have ended that there cannot be enough any more.</summary>
    public bool IsLost(int done) => IsOpen && targets - done < Needed;

    /// <summary>Whether it is time to ask again; notes that it is asked.</summary>
    public bool IsDue(long now, TimeProvider time, TimeSpan every)
    {
        if (time.GetElapsedTime(_askedAt, now) <= every)
            return false;
        _askedAt = now;
        return true;
    }
}
