using Pantry.Targeting;

namespace Pantry.Server;

/// <summary>The clients that share a name: of a stream, or of a label. A name that nobody has takes no room.</summary>
internal sealed class ClientSets
{
    private static readonly HashSet<ClientRecord> Nobody = [];

    private readonly Dictionary<string, HashSet<ClientRecord>> _clients = new(Names.Comparer);

    /// <summary>Who has the name. Not to be changed.</summary>
    public HashSet<ClientRecord> this[string name] => _clients.GetValueOrDefault(name, Nobody);

    public void Add(IEnumerable<string> names, ClientRecord client)
    {
        foreach (string name in names)
        {
            if (!_clients.TryGetValue(name, out HashSet<ClientRecord>? having))
                _clients[name] = having = [];
            having.Add(client);
        }
    }

    public void Remove(IEnumerable<string> names, ClientRecord client)
    {
        foreach (string name in names)
        {
            if (_clients.TryGetValue(name, out HashSet<ClientRecord>? having) && having.Remove(client) && having.Count == 0)
                _clients.Remove(name);
        }
    }
}
