using Pantry.Configuration;
using Pantry.Targeting;

namespace Pantry.Server;

/// <summary>
/// Streams that somebody has joined for the first time: their keys change soon, once for all who join meanwhile, so that
/// nobody can read what was recorded before.
/// </summary>
internal sealed class JoinedStreams(ClientRegistry registry, PantryOptions options, TimeProvider time)
{
    private readonly HashSet<Topic> _joined = [];
    private long _renewedAt = time.GetTimestamp();

    public void Note(ClientLabels labels)
    {
        lock (_joined)
            _joined.UnionWith(Topic.HeardBy(labels).SkipLast(1));
    }

    public void Sweep()
    {
        Topic[] due;
        lock (_joined)
        {
            if (_joined.Count == 0 || time.GetElapsedTime(_renewedAt) < options.StreamKeyInterval)
                return;
            due = [.. _joined];
            _joined.Clear();
            _renewedAt = time.GetTimestamp();
        }

        registry.RenewStreams(due);
    }
}
