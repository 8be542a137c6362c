using Pantry.Sessions;
using Pantry.Targeting;

namespace Pantry.Server;

/// <summary>Which opaque id and which key stand for which topic. Used under the registry's lock only.</summary>
internal sealed class StreamTable
{
    private readonly Dictionary<Topic, StreamKey> _keys = [];
    private uint _epoch;

    public int Count => _keys.Count;

    public StreamKey KeyOf(Topic topic)
    {
        if (!_keys.TryGetValue(topic, out StreamKey? key))
            _keys[topic] = key = new StreamKey(++_epoch);
        return key;
    }

    /// <summary>Gives the topic a new id and a new key: who only knows the old ones hears and reads nothing more.</summary>
    public StreamKey Renew(Topic topic)
    {
        Remove(topic);
        return KeyOf(topic);
    }

    public bool Has(Topic topic) => _keys.ContainsKey(topic);

    /// <summary>Forgets the topics that nobody hears.</summary>
    public void Keep(IEnumerable<Topic> heard)
    {
        var kept = heard.ToHashSet();
        foreach (Topic topic in _keys.Keys.Where(topic => !kept.Contains(topic)).ToList())
            Remove(topic);
    }

    public void Remove(Topic topic)
    {
        if (_keys.Remove(topic, out StreamKey? key))
            key.Dispose();
    }
}
