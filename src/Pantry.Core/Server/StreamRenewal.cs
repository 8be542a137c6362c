using Pantry.Configuration;
using Pantry.Targeting;

namespace Pantry.Server;

/// <summary>
/// Streams whose keys are due because somebody joined them, or who may hear them does not want to at present: changed
/// together now and then, for each change costs every member a message. Who may hear no more changes them at once.
/// </summary>
internal sealed class StreamRenewal(ClientRegistry registry, PantryOptions options, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly HashSet<Topic> _due = [];
    private long _renewedAt = time.GetTimestamp();

    /// <summary>Somebody new hears these streams.</summary>
    public void NoteJoined(ClientLabels labels) => Note(Topic.HeardBy(labels).SkipLast(1));

    public void Note(IEnumerable<Topic> topics)
    {
        lock (_lock)
            _due.UnionWith(topics);
    }

    public void Sweep()
    {
        Topic[] due;
        lock (_lock)
        {
            if (_due.Count == 0 || time.GetElapsedTime(_renewedAt) < options.StreamKeyInterval)
                return;
            due = [.. _due];
            _due.Clear();
            _renewedAt = time.GetTimestamp();
        }

        registry.RenewStreams(due);
    }
}
