using Pantry.Targeting;
using Pantry.Transport;

namespace Pantry.Server;

/// <summary>Which opaque id stands for which topic. Used under the registry's lock only.</summary>
internal sealed class TopicTable
{
    private readonly Dictionary<Topic, TopicId> _ids = [];

    public TopicId IdOf(Topic topic)
    {
        if (!_ids.TryGetValue(topic, out TopicId id))
            _ids[topic] = id = TopicId.NewRandom();
        return id;
    }

    /// <summary>Gives the topic a new id: who only knows the old one hears nothing more.</summary>
    public TopicId Renew(Topic topic) => _ids[topic] = TopicId.NewRandom();

    /// <summary>Forgets the topics that nobody hears.</summary>
    public void Keep(IEnumerable<Topic> heard)
    {
        var kept = heard.ToHashSet();
        foreach (Topic topic in _ids.Keys.Where(topic => !kept.Contains(topic)).ToList())
            _ids.Remove(topic);
    }

    public int Count => _ids.Count;

    public void Remove(Topic topic) => _ids.Remove(topic);
}
