using Microsoft.Data.Sqlite;
using Pantry.Security;
using Pantry.Targeting;

namespace Pantry.Storage;

/// <summary>
/// Which keys may speak for which clients. All of it is in memory, so that asking never touches the disk; a change is on
/// the disk when the call returns, and in memory only then.
/// </summary>
internal sealed partial class TrustStore : IDisposable
{
    private readonly SqliteFile _file;

    // Taken for a whole change; _index and _seen are locked only for as long as memory is looked at.
    private readonly Lock _changing = new();
    private readonly Lock _looking = new();
    private readonly KeyIndex _index = new();
    private readonly Dictionary<PublicKey, DateTimeOffset> _seen = [];

    /// <exception cref="PantryException">The database cannot be read.</exception>
    public TrustStore(ServerDatabase database)
    {
        _file = database.File;
        foreach (ClientKey client in _file.Read(TrustRows.AllKeys, TrustRows.ReadKey))
            _index.Set(client);
        foreach (EnrollmentGrant grant in _file.Read(GrantRows.AllEnrollments, GrantRows.ReadEnrollment))
            _enrollments.Add(grant.Key, grant);
        foreach (TokenGrant grant in _file.Read(GrantRows.AllTokens, GrantRows.ReadToken))
            _tokens.Add(grant.Id, grant);
    }

    public ClientKey? Find(PublicKey key)
    {
        lock (_looking)
            return _index.Find(key);
    }

    /// <summary>Every key that came with an identity, whatever was decided about it.</summary>
    public IReadOnlyList<ClientKey> Find(string identity) => Look(() => _index.Find(identity).ToList());

    /// <param name="fingerprint">A fingerprint as people type it.</param>
    public ClientKey? FindByFingerprint(string fingerprint) =>
        Fingerprint.Normalize(fingerprint) is { } normal ? Look(() => _index.FindByFingerprint(normal)) : null;

    public IReadOnlyList<ClientKey> All() => Look(() => _index.All.ToList());

    /// <summary>Keys that wait for a decision, or that were denied or revoked.</summary>
    public IReadOnlyList<ClientKey> NotApproved() => Look(() => _index.NotApproved.ToList());

    /// <summary>
    /// Takes in a key that an operator has to decide about. One that was approved keeps its labels and shows what it
    /// claims beside them; one that waits already gets its newest claim.
    /// </summary>
    /// <exception cref="PantryException">Too many keys wait (LimitReached), the key was denied or revoked, or it is an enrolment's (InvalidEnrollment).</exception>
    public void AddPending(ClientKey client, int maxPending)
    {
        lock (_changing)
        {
            RequireOwn(client.Key);
            ClientKey? known = Find(client.Key);
            RefuseOutcast(known);

            // A key that was approved once doesn't count: strangers must not be able to shut it out.
            if (known is null && Look(() => _index.Undecided) >= maxPending)
            {
                throw new PantryException(PantryErrorCode.LimitReached,
                    $"{maxPending} keys wait for a decision already. Approve or deny some, then let the client try again.")
                { Target = client.Labels.Identity };
            }

            Store(known switch
            {
                null => client with { Labels = Validated(client.Labels), Status = KeyStatus.Pending, DecidedAt = null, DecidedBy = null, Claimed = null },
                { DecidedAt: null } => known with { Labels = Validated(client.Labels), From = client.From },
                _ => known with { Status = KeyStatus.Pending, Claimed = Validated(client.Claimed ?? client.Labels), From = client.From },
            });
        }
    }

    /// <summary>Decides about a key: approves, denies or revokes it.</summary>
    /// <param name="key">A key that is known.</param>
    /// <param name="status">Anything but Pending.</param>
    /// <param name="labels">What to approve it for; null for what it claims.</param>
    /// <param name="by">Who decides.</param>
    /// <param name="at">When.</param>
    /// <exception cref="PantryException">The key is not known, or another one has the identity (IdentityInUse).</exception>
    public ClientKey Decide(PublicKey key, KeyStatus status, ClientLabels? labels, string by, DateTimeOffset at)
    {
        if (status == KeyStatus.Pending)
            throw new PantryException(PantryErrorCode.InvalidArgument, "A decision approves, denies or revokes; it cannot leave the key pending.") { Target = key.Fingerprint };
        lock (_changing)
        {
            ClientKey known = Find(key) ?? throw new PantryException(PantryErrorCode.KeyUnknown,
                $"No client has shown the key {key.Fingerprint}. Get-PantryClient lists those that have.")
            { Target = key.Fingerprint };
            ClientKey decided = known with { Status = status, DecidedAt = at, DecidedBy = by, Claimed = null };
            if (status == KeyStatus.Approved)
            {
                RequireOwn(key);
                decided = decided with { Labels = Validated(labels ?? known.Claimed ?? known.Labels) };
                RefuseSecondKey(decided);
            }

            return Store(decided);
        }
    }

    /// <summary>Forgets a key altogether: when it comes again, it is a stranger. False where it was not known.</summary>
    public bool Remove(PublicKey key)
    {
        lock (_changing)
        {
            bool removed = _file.Write(connection => TrustRows.Remove(connection, key));
            Look(() =>
            {
                _index.Remove(key);
                _seen.Remove(key);
                return true;
            });
            return removed;
        }
    }

    /// <summary>Notes in memory that a key was there; <see cref="FlushSeen"/> and the next change write it down.</summary>
    public void NoteSeen(PublicKey key, DateTimeOffset at) => Look(() =>
    {
        if (!_index.TryGet(key, out ClientKey? client) || client.LastSeen >= at)
            return false;
        _index.Touch(key, at);
        _seen[key] = at;
        return true;
    });

    /// <summary>Writes down when keys were last seen; for a timer of minutes. What is lost in between does not matter.</summary>
    public void FlushSeen()
    {
        lock (_changing)
        {
            if (Look(() => _seen.Count) > 0)
                Write(_ => { });
        }
    }

    /// <summary>Writes down what was last seen; the database stays open.</summary>
    public void Dispose()
    {
        try
        {
            FlushSeen();
        }
        catch (Exception exception) when (exception is PantryException or ObjectDisposedException)
        {
            // A disk that failed has said so to whoever changed something; this alone is not worth an error.
        }
    }

    private ClientKey Store(ClientKey client)
    {
        Write(connection => TrustRows.Save(connection, client));
        Look(() =>
        {
            _index.Set(client);
            return true;
        });
        return client;
    }

    private void Write(Action<SqliteConnection> change)
    {
        KeyValuePair<PublicKey, DateTimeOffset>[] seen = Look(() => _seen.ToArray());
        _file.Write(connection =>
        {
            TrustRows.SaveSeen(connection, seen);
            change(connection);
        });
        Look(() =>
        {
            foreach ((PublicKey key, DateTimeOffset at) in seen)
            {
                if (_seen.TryGetValue(key, out DateTimeOffset newest) && newest == at)
                    _seen.Remove(key);
            }

            return true;
        });
    }

    private T Look<T>(Func<T> look)
    {
        lock (_looking)
            return look();
    }

    /// <summary>What was decided stands: a key does not come back by asking again.</summary>
    private static void RefuseOutcast(ClientKey? known)
    {
        if (known?.Status is KeyStatus.Denied or KeyStatus.Revoked)
        {
            throw new PantryException(known.Status == KeyStatus.Denied ? PantryErrorCode.KeyDenied : PantryErrorCode.KeyRevoked,
                $"The key {known.Key.Fingerprint} of '{known.Labels.Identity}' was {(known.Status == KeyStatus.Denied ? "denied" : "revoked")} at {known.DecidedAt:u}. "
                + "Let the client make a new key, or let an operator approve this one.")
            { Target = known.Labels.Identity };
        }
    }

    private void RefuseSecondKey(ClientKey coming)
    {
        if (Find(coming.Labels.Identity).FirstOrDefault(other => other.HoldsIdentity && !other.Key.Equals(coming.Key)) is { } holder)
        {
            throw new PantryException(PantryErrorCode.IdentityInUse,
                $"The identity '{coming.Labels.Identity}' belongs to the key {holder.Key.Fingerprint}, so {coming.Key.Fingerprint} cannot have it. "
                + "Revoke the old key first if the client was rebuilt, or use another identity.")
            { Target = coming.Labels.Identity };
        }

        // A client hears what is sent to a stream of its own name: it must not be the name of others' stream, or the reverse.
        if (Look(() => _index.HearersOf(coming.Labels.Identity, coming.Key)) > 0)
        {
            throw new PantryException(PantryErrorCode.IdentityInUse,
                $"The identity '{coming.Labels.Identity}' is the name of a stream that others hear, so no client can have it. Use another identity.")
            { Target = coming.Labels.Identity };
        }

        if (coming.Labels.StreamPaths().FirstOrDefault(stream => Find(stream).Any(other => other.HoldsIdentity && !other.Key.Equals(coming.Key))) is { } taken)
        {
            throw new PantryException(PantryErrorCode.IdentityInUse,
                $"The stream '{taken}' has the name of a client, which would hear what is meant for the stream. Rename that client, or use other labels.")
            { Target = coming.Labels.Identity };
        }
    }

    private static ClientLabels Validated(ClientLabels labels) =>
        ClientLabels.Create(labels.Identity, labels.Application, labels.Environment, labels.Roles);
}
