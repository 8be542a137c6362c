using System.Diagnostics.CodeAnalysis;
using Pantry.Security;
using Pantry.Targeting;

namespace Pantry.Storage;

/// <summary>The keys in memory, by key, fingerprint and identity. Not safe for threads; its owner locks.</summary>
internal sealed class KeyIndex
{
    private readonly Dictionary<PublicKey, ClientKey> _byKey = [];
    private readonly Dictionary<string, PublicKey> _byFingerprint = [];
    private readonly Dictionary<string, List<PublicKey>> _byIdentity = new(Names.Comparer);

    private readonly HashSet<PublicKey> _notApproved = [];

    // How many of those who hold an identity hear each stream.
    private readonly Dictionary<string, int> _streams = new(Names.Comparer);

    /// <summary>Keys that strangers brought and nobody has decided about.</summary>
    public int Undecided { get; private set; }

    public IReadOnlyCollection<ClientKey> All => _byKey.Values;

    /// <summary>Keys that wait, or were turned away: few beside those that are approved.</summary>
    public IEnumerable<ClientKey> NotApproved => _notApproved.Select(key => _byKey[key]);

    public bool TryGet(PublicKey key, [NotNullWhen(true)] out ClientKey? client) => _byKey.TryGetValue(key, out client);

    public ClientKey? Find(PublicKey key) => _byKey.GetValueOrDefault(key);

    public ClientKey? FindByFingerprint(string fingerprint) => _byFingerprint.TryGetValue(fingerprint, out PublicKey? key) ? _byKey[key] : null;

    public IEnumerable<ClientKey> Find(string identity) => _byIdentity.TryGetValue(identity, out List<PublicKey>? keys) ? keys.Select(key => _byKey[key]) : [];

    /// <summary>How many clients but this one hear a stream of that name.</summary>
    public int HearersOf(string stream, PublicKey but)
    {
        int all = _streams.GetValueOrDefault(stream);
        return Find(but) is { HoldsIdentity: true } own && own.Labels.StreamPaths().Contains(stream, Names.Comparer) ? all - 1 : all;
    }

    public void Set(ClientKey client)
    {
        Remove(client.Key);
        CountStreams(client, 1);
        _byKey.Add(client.Key, client);
        _byFingerprint[client.Key.Fingerprint] = client.Key;
        if (!_byIdentity.TryGetValue(client.Labels.Identity, out List<PublicKey>? keys))
            _byIdentity.Add(client.Labels.Identity, keys = []);
        keys.Add(client.Key);
        if (client.Status != KeyStatus.Approved)
            _notApproved.Add(client.Key);
        if (client.IsUndecided)
            Undecided++;
    }

    /// <summary>Changes what is not looked up by.</summary>
    public void Touch(PublicKey key, DateTimeOffset lastSeen) => _byKey[key] = _byKey[key] with { LastSeen = lastSeen };

    public void Remove(PublicKey key)
    {
        if (!_byKey.Remove(key, out ClientKey? old))
            return;
        CountStreams(old, -1);
        _notApproved.Remove(key);
        _byFingerprint.Remove(key.Fingerprint);
        List<PublicKey> keys = _byIdentity[old.Labels.Identity];
        keys.Remove(key);
        if (keys.Count == 0)
            _byIdentity.Remove(old.Labels.Identity);
        if (old.IsUndecided)
            Undecided--;
    }

    private void CountStreams(ClientKey client, int by)
    {
        if (!client.HoldsIdentity)
            return;
        foreach (string stream in client.Labels.StreamPaths())
        {
            int count = _streams.GetValueOrDefault(stream) + by;
            if (count > 0)
                _streams[stream] = count;
            else
                _streams.Remove(stream);
        }
    }
}
