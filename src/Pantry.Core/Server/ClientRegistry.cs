using Pantry.Protocol;
using Pantry.Security;
using Pantry.Targeting;
using Pantry.Transport;

namespace Pantry.Server;

/// <summary>
/// The clients the server knows and the topics they hear. One lock guards it, so that an order's targets and its number
/// are taken in one step: a client registered later knows that the order is not for it.
/// </summary>
internal sealed class ClientRegistry(int maxClients)
{
    private const int FewTopics = 1024;

    private readonly Lock _lock = new();
    private readonly ClientIndex _clients = new();
    private readonly Dictionary<TopicId, ClientRecord> _byIdentityTopic = [];
    private readonly StreamTable _streams = new();
    private long _orderNumber;
    private int _topicsToLookAt = FewTopics;

    /// <summary>Topics with an id of their own.</summary>
    public int TopicCount
    {
        get
        {
            lock (_lock)
                return _streams.Count;
        }
    }

    /// <summary>How many approved clients there are, and how many of them are online.</summary>
    public (int Known, int Online) Counts
    {
        get
        {
            lock (_lock)
                return (_clients.All.Count, _clients.All.Count(client => client.Status == ClientStatus.Online));
        }
    }

    /// <summary>The client of that identity.</summary>
    public ClientRecord? Find(string identity)
    {
        lock (_lock)
            return _clients.Find(identity);
    }

    /// <summary>Looks for room for one more client, before it is written down that it is one.</summary>
    /// <exception cref="PantryException">The server knows too many.</exception>
    public void RequireRoom(string identity)
    {
        lock (_lock)
        {
            if (_clients.Count >= maxClients && _clients.Find(identity) is null)
                throw new PantryException(PantryErrorCode.LimitReached, $"The server knows {maxClients:N0} clients, which is its limit. Remove some.") { Target = identity };
        }
    }

    /// <summary>Makes an approved client known; it is offline until it registers. Who is approved is known, also where the limit was lowered since.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="labels">What it is approved for.</param>
    /// <param name="lastSeen">When it was last there.</param>
    /// <param name="awaited">Whether it was there when the server ended.</param>
    public void Add(PublicKey key, ClientLabels labels, DateTimeOffset? lastSeen, bool awaited = false)
    {
        lock (_lock)
        {
            // Another key had the name until now: what it heard is not said to it any more.
            if (_clients.Find(labels.Identity) is { } before)
                Forget(before);
            _clients.Add(new ClientRecord(key, labels) { Status = ClientStatus.Offline, LastSeen = lastSeen, Awaited = awaited });
        }
    }

    /// <summary>Lets an approved client in, on its session; null where it was taken off the list meanwhile, and gets no key. Left are topics that it heard until now.</summary>
    /// <param name="record">The client.</param>
    /// <param name="labels">What it is on this session: what was approved, or less.</param>
    /// <param name="register">What it said.</param>
    /// <param name="session">Its session.</param>
    /// <param name="time">Clock.</param>
    /// <returns>Its topics, the number of the newest order, and the topics that it might hear and does not want to.</returns>
    public (IReadOnlyList<TopicGrant> Topics, long OrderNumber, IReadOnlyList<Topic> Left)? Admit(
        ClientRecord record, ClientLabels labels, Register register, ServerSession session, TimeProvider time)
    {
        lock (_lock)
        {
            if (!IsListed(record))
                return null;
            ForgetIdentityTopic(record);
            Topic[] left = [.. Topic.HeardBy(record.Labels).Except(Topic.HeardBy(labels)).Where(_streams.Has)];
            _clients.Relabel(record, labels);
            record.Instance = register.Instance;
            record.Status = ClientStatus.Online;
            record.Awaited = false;
            NoteHeard(record, time);
            record.OrderNumber = _orderNumber;
            record.Facts = register.Facts ?? record.Facts;
            record.Commands = register.Commands;
            record.Session = session;
            // Before the keys are given: those that change from now on come to this session.
            session.Client = record;
            IReadOnlyList<TopicGrant> granted = Grant(record);
            ForgetUnheardTopics();
            return (granted, _orderNumber, left);
        }
    }

    /// <summary>Gives topics new keys, and the keys to all who still hear them.</summary>
    public void RenewStreams(IEnumerable<Topic> topics)
    {
        lock (_lock)
            Rotate([.. topics.Where(_streams.Has)]);
    }

    /// <summary>
    /// Seals a message for each topic under its present key. What is sealed here is in the order of the keys: nobody who
    /// lost a key meanwhile can read it.
    /// </summary>
    public IReadOnlyList<(TopicId Id, byte[] Frame)> Seal(IEnumerable<Topic> topics, byte[][] frames)
    {
        lock (_lock)
            return [.. topics.Select(_streams.KeyOf).Select(key => (key.Id, key.Seal(frames)))];
    }

    /// <summary>The client has said something.</summary>
    public void Touch(ClientRecord record, TimeProvider time)
    {
        lock (_lock)
            NoteHeard(record, time);
    }

    public void SetFacts(ClientRecord record, ClientFacts facts)
    {
        lock (_lock)
            record.Facts = facts;
    }

    /// <summary>The client's own topic was subscribed to, or no longer is.</summary>
    public void SetHearsPublished(TopicId identityTopic, bool hears)
    {
        lock (_lock)
        {
            if (_byIdentityTopic.TryGetValue(identityTopic, out ClientRecord? record))
                record.HearsPublished = hears;
        }
    }

    /// <summary>
    /// The client's session has ended. It stays online for as long as it may be silent: a client whose link was cut comes
    /// back and answers. False where another session has taken its place meanwhile.
    /// </summary>
    public bool Detach(ClientRecord record, ServerSession session)
    {
        lock (_lock)
        {
            if (record.Session != session)
                return false;
            record.Session = null;
            record.HearsPublished = false;
            return true;
        }
    }

    public bool SetOffline(ClientRecord record)
    {
        lock (_lock)
        {
            if (record.Status != ClientStatus.Online)
                return false;
            record.Session = null;
            record.HearsPublished = false;
            record.Status = ClientStatus.Offline;
            return true;
        }
    }

    /// <summary>When each client that is online was last heard.</summary>
    public IReadOnlyList<(PublicKey Key, DateTimeOffset At)> LastSeen()
    {
        lock (_lock)
            return [.. _clients.All.Where(client => client is { Status: ClientStatus.Online, LastSeen: not null }).Select(client => (client.Key, client.LastSeen!.Value))];
    }

    /// <summary>Online clients without a session that were not heard for so long.</summary>
    public IReadOnlyList<ClientRecord> SilentFor(TimeSpan most, TimeProvider time)
    {
        long now = time.GetTimestamp();
        lock (_lock)
            return [.. _clients.All.Where(client => client.Status == ClientStatus.Online && client.Session is null && time.GetElapsedTime(client.HeardAt, now) >= most)];
    }

    /// <summary>Takes the client off the list; the keys of all it heard change at once. False where its name is another's by now.</summary>
    public bool Remove(ClientRecord record)
    {
        lock (_lock)
        {
            if (!IsListed(record))
                return false;
            Forget(record);
            return true;
        }
    }

    /// <summary>The clients that match, by identity.</summary>
    public IReadOnlyList<ClientInfo> List(ClientFilter filter)
    {
        var match = new ClientFilterMatch(filter);
        lock (_lock)
        {
            return
            [
                .. _clients.Candidates(match)
                    .Where(client => match.Matches(client.Labels, client.Status))
                    .OrderBy(client => client.Identity, Names.Comparer)
                    .Select(client => client.ToInfo()),
            ];
        }
    }

    /// <summary>Takes an order's number and its targets in one step.</summary>
    public (long Number, IReadOnlyList<Recipient> Recipients, IReadOnlyList<string> Unknown) Expect(Target target)
    {
        var named = target.Identities.ToHashSet(Names.Comparer);
        Target unnamed = target with { Identities = [] };
        lock (_lock)
        {
            return (
                ++_orderNumber,
                [.. _clients.Candidates(target).Where(client => named.Contains(client.Identity) || TargetMatcher.Matches(unnamed, client.Labels)).Select(ToRecipient)],
                [.. named.Where(identity => _clients.Find(identity) is null)]);
        }
    }

    /// <summary>A fresh look at recipients, for a part of a job that is sent later.</summary>
    public IReadOnlyList<Recipient> Refresh(IEnumerable<string> identities)
    {
        lock (_lock)
            return [.. identities.Select(_clients.Find).OfType<ClientRecord>().Select(ToRecipient)];
    }

    private static void NoteHeard(ClientRecord record, TimeProvider time) => (record.LastSeen, record.HeardAt) = (time.GetUtcNow(), time.GetTimestamp());

    private bool IsListed(ClientRecord record) => _clients.Find(record.Identity) == record;

    private void Forget(ClientRecord record)
    {
        _clients.Remove(record);
        ForgetIdentityTopic(record);
        Rotate([.. Topic.HeardBy(record.Labels).Where(_streams.Has)]);
        record.HearsPublished = false;
    }

    // New keys go out under the lock, so that no later ones can overtake them on a session.
    private void Rotate(Topic[] topics)
    {
        if (topics.Length == 0)
            return;
        foreach (Topic topic in topics)
            _streams.Renew(topic);
        var changed = topics.ToHashSet();
        foreach (ClientRecord member in _clients.All)
        {
            if (member is not { Status: ClientStatus.Online, Session: { Client: not null } session } || !Topic.HeardBy(member.Labels).Any(changed.Contains))
                continue;
            ForgetIdentityTopic(member);
            session.Post(new Message(MessageKind.TopicsChanged, new TopicsChanged(Grant(member))));
        }
    }

    // The identity's topic is new each time: its subscription, the last one, says that all the others stand.
    private IReadOnlyList<TopicGrant> Grant(ClientRecord record)
    {
        Topic own = Topic.Identity(record.Identity);
        record.HearsPublished = false;
        record.IdentityTopic = _streams.Renew(own).Id;
        _byIdentityTopic[record.IdentityTopic] = record;
        return [.. Topic.HeardBy(record.Labels).Select(topic => _streams.KeyOf(topic).Grant)];
    }

    private void ForgetIdentityTopic(ClientRecord record)
    {
        _byIdentityTopic.Remove(record.IdentityTopic);
        _streams.Remove(Topic.Identity(record.Identity));
    }

    // Clients that come back under ever new labels would leave a topic for each; a look now and then costs little.
    private void ForgetUnheardTopics()
    {
        if (_streams.Count < _topicsToLookAt)
            return;
        _streams.Keep(_clients.All.SelectMany(client => Topic.HeardBy(client.Labels)));
        _topicsToLookAt = Math.Max(FewTopics, _streams.Count * 2);
    }

    private static Recipient ToRecipient(ClientRecord client) =>
        new(client.Key, client.Labels, client.Status, client.LastSeen, client.Session, client.HearsPublished, client.OrderNumber, client.Awaited);
}

/// <summary>A target as it is at a moment.</summary>
internal sealed record Recipient(
    PublicKey Key, ClientLabels Labels, ClientStatus Status, DateTimeOffset? LastSeen, ServerSession? Session, bool HearsPublished, long OrderNumber, bool Awaited)
{
    public string Identity => Labels.Identity;
}
