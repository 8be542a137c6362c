using Pantry.Targeting;

namespace Pantry.Server;

/// <summary>
/// Which clients may be meant, without looking at all: by name, by stream, by label. It only leaves out who cannot match;
/// who does, the matcher says. Used under the registry's lock only.
/// </summary>
internal sealed class ClientIndex
{
    private readonly Dictionary<string, ClientRecord> _byIdentity = new(Names.Comparer);
    private readonly ClientSets _byStream = new();
    private readonly ClientSets _byApplication = new();
    private readonly ClientSets _byEnvironment = new();
    private readonly ClientSets _byRole = new();

    // Those with nothing set: they hear every stream and belong to every label.
    private readonly HashSet<ClientRecord> _unlabelled = [];

    public int Count => _byIdentity.Count;

    public IReadOnlyCollection<ClientRecord> All => _byIdentity.Values;

    public ClientRecord? Find(string identity) => _byIdentity.GetValueOrDefault(identity);

    /// <summary>Adds a client, whose name is not there.</summary>
    public void Add(ClientRecord client)
    {
        _byIdentity.Add(client.Identity, client);
        AddLabels(client);
    }

    public void Remove(ClientRecord client)
    {
        _byIdentity.Remove(client.Identity);
        RemoveLabels(client);
    }

    /// <summary>Gives a client other labels of the same name.</summary>
    public void Relabel(ClientRecord client, ClientLabels labels)
    {
        RemoveLabels(client);
        client.Labels = labels;
        AddLabels(client);
    }

    /// <summary>Every client that belongs to a target is among these; each is there once, those named first.</summary>
    public IReadOnlyCollection<ClientRecord> Candidates(Target target)
    {
        if (target.Everyone || target.Labels is { Application: null, Environment: null, Role: null })
            return All;
        var candidates = new HashSet<ClientRecord>();
        AddNamed(candidates, target.Identities);
        AddNamed(candidates, target.Streams);
        foreach (string stream in target.Streams)
            candidates.UnionWith(_byStream[stream]);
        if (target.Labels is { } labels)
            candidates.UnionWith(Narrowest(labels.Application, labels.Environment, labels.Role)!);
        if (target.Streams.Count > 0 || target.Labels is not null)
            candidates.UnionWith(_unlabelled);
        return candidates;
    }

    /// <summary>Every client that a filter lets through is among these; each is there once.</summary>
    public IReadOnlyCollection<ClientRecord> Candidates(ClientFilterMatch filter)
    {
        if (filter.Identities is { } names)
        {
            var named = new HashSet<ClientRecord>();
            AddNamed(named, names);
            return named;
        }

        IReadOnlyCollection<ClientRecord> labelled = Narrowest(filter.Application, filter.Environment, filter.Role) ?? All;
        if (filter.Stream is not { } stream || _byStream[stream].Count + _unlabelled.Count >= labelled.Count)
            return labelled;
        var hearing = new HashSet<ClientRecord>(_byStream[stream]);
        AddNamed(hearing, [stream]);
        hearing.UnionWith(_unlabelled);
        return hearing;
    }

    // Those with the label that fewest have; null where none is asked for.
    private HashSet<ClientRecord>? Narrowest(string? application, string? environment, string? role)
    {
        HashSet<ClientRecord>? narrowest = null;
        foreach ((ClientSets sets, string? label) in (ReadOnlySpan<(ClientSets, string?)>)[(_byApplication, application), (_byEnvironment, environment), (_byRole, role)])
        {
            if (label is not null && (narrowest is null || sets[label].Count < narrowest.Count))
                narrowest = sets[label];
        }

        return narrowest;
    }

    private void AddNamed(HashSet<ClientRecord> found, IEnumerable<string> names)
    {
        foreach (string name in names)
        {
            if (_byIdentity.TryGetValue(name, out ClientRecord? client))
                found.Add(client);
        }
    }

    private void AddLabels(ClientRecord client)
    {
        if (client.Labels.Unlabelled)
            _unlabelled.Add(client);
        foreach ((ClientSets sets, IEnumerable<string> labels) in Places(client.Labels))
            sets.Add(labels, client);
    }

    private void RemoveLabels(ClientRecord client)
    {
        _unlabelled.Remove(client);
        foreach ((ClientSets sets, IEnumerable<string> labels) in Places(client.Labels))
            sets.Remove(labels, client);
    }

    private (ClientSets Sets, IEnumerable<string> Labels)[] Places(ClientLabels labels) =>
    [
        (_byStream, labels.StreamPaths()),
        (_byApplication, labels.Application is { } application ? [application] : []),
        (_byEnvironment, labels.Environment is { } environment ? [environment] : []),
        (_byRole, labels.Roles),
    ];
}
