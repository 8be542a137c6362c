using Pantry.Server.Jobs;
using Pantry.Targeting;

namespace Pantry.Server.Provisioning;

/// <summary>Late reports that wait for the disk. What finds no room here is left with its client, which sends it again.</summary>
internal sealed class LateQueue((int Results, long Bytes) most)
{
    private readonly Lock _lock = new();
    private readonly List<LateReports> _waiting = [];
    private long _bytes;

    /// <summary>What waits by now, the first first.</summary>
    public IReadOnlyList<LateReports> Waiting
    {
        get
        {
            lock (_lock)
                return [.. _waiting];
        }
    }

    /// <summary>False where there is no room, or the same client says it of the same job while it waits.</summary>
    public bool TryAdd(LateReports late)
    {
        lock (_lock)
        {
            bool full = _waiting.Count > 0 && (_waiting.Count >= most.Results || _bytes + late.Output.Length > most.Bytes);
            if (full || _waiting.Any(other => other.Job == late.Job && Names.Same(other.Client, late.Client)))
                return false;
            _waiting.Add(late);
            _bytes += late.Output.Length;
            return true;
        }
    }

    /// <summary>It waits no more.</summary>
    public void Remove(LateReports late)
    {
        lock (_lock)
        {
            if (_waiting.Remove(late))
                _bytes -= late.Output.Length;
        }
    }
}
