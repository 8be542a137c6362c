using System.Security.Cryptography;
using Pantry.Security;
using Pantry.Targeting;

namespace Pantry.Storage;

/// <summary>Enrolments and tokens: each brings in one client's key, once, in one transaction.</summary>
internal sealed partial class TrustStore
{
    private readonly Dictionary<PublicKey, EnrollmentGrant> _enrollments = [];
    private readonly Dictionary<string, TokenGrant> _tokens = [];

    public IReadOnlyList<EnrollmentGrant> Enrollments() => Look(() => _enrollments.Values.OrderBy(grant => grant.CreatedAt).ToList());

    public IReadOnlyList<TokenGrant> Tokens() => Look(() => _tokens.Values.OrderBy(grant => grant.CreatedAt).ToList());

    /// <summary>Enrolments and tokens, the oldest first.</summary>
    public IReadOnlyList<Grant> Grants() => Look(() => _enrollments.Values.Concat<Grant>(_tokens.Values).OrderBy(grant => grant.CreatedAt).ToList());

    public EnrollmentGrant? FindEnrollment(PublicKey key) => Look(() => _enrollments.GetValueOrDefault(key));

    /// <summary>The token of that secret. Compares with every one, each in fixed time, so that the time says nothing about any of them.</summary>
    public TokenGrant? FindToken(string secretText)
    {
        byte[] hash = TokenGrant.HashOf(secretText);
        TokenGrant? found = null;
        foreach (TokenGrant grant in Look(() => _tokens.Values.ToArray()))
        {
            if (CryptographicOperations.FixedTimeEquals(grant.Hash, hash))
                found = grant;
        }

        return found;
    }

    /// <summary>The key of an enrolment has travelled, so it is nobody's own.</summary>
    /// <exception cref="PantryException">The key is an enrolment's (InvalidEnrollment).</exception>
    public void RequireOwn(PublicKey key)
    {
        if (FindEnrollment(key) is { } grant)
            throw Invalid($"The key {key.Fingerprint} is that of the enrolment '{grant.Id}', which lets in a key that the client made itself. Give the client the enrolment, with -EnrollmentFile.", grant.Id);
    }

    /// <exception cref="PantryException">A name is not allowed, or the disk failed.</exception>
    public void AddEnrollment(EnrollmentGrant grant)
    {
        _ = ClientLabels.Create(grant.Identity ?? "any", grant.Application, grant.Environment, grant.Roles);
        lock (_changing)
        {
            Write(connection => GrantRows.Add(connection, grant));
            Look(() => _enrollments[grant.Key] = grant);
        }
    }

    /// <exception cref="PantryException">A name or the pattern is not allowed, or the disk failed.</exception>
    public void AddToken(TokenGrant grant)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(grant.Hash.Length, SHA256.HashSizeInBytes);
        _ = ClientLabels.Create("any", grant.Application, grant.Environment, grant.Roles);
        _ = new NamePattern(grant.Pattern);
        lock (_changing)
        {
            Write(connection => GrantRows.Add(connection, grant));
            Look(() => _tokens[grant.Id] = grant);
        }
    }

    /// <summary>
    /// Uses an enrolment for a client's own key. The same key again gets what is known of it now, so that a lost answer can
    /// be asked for again; look at the status.
    /// </summary>
    /// <param name="enrollmentKey">The enrolment's key.</param>
    /// <param name="clientKey">The client's own.</param>
    /// <param name="identity">The name it wants.</param>
    /// <param name="now">The time.</param>
    /// <param name="from">Where it comes from.</param>
    /// <param name="require">Throws where the server has something against an open one; asked when no other change can come in between.</param>
    /// <exception cref="PantryException">The enrolment is not good for this (InvalidEnrollment), or another key has the identity (IdentityInUse).</exception>
    public ClientKey Redeem(PublicKey enrollmentKey, PublicKey clientKey, string identity, DateTimeOffset now, string? from, Action<Grant>? require = null)
    {
        lock (_changing)
        {
            EnrollmentGrant grant = FindEnrollment(enrollmentKey)
                ?? throw Invalid($"The enrolment with the key {enrollmentKey.Fingerprint} is not known here. Make a new one with New-PantryEnrollment.", enrollmentKey.Fingerprint);
            RequireOwn(clientKey);
            if (grant.Identity is not null && !Names.Same(grant.Identity, identity))
                throw Invalid($"{grant.Name} is for '{grant.Identity}', not for '{DisplayText.Clean(identity, 80)}'. {grant.Cure}", grant.Id);
            if (Again(grant, clientKey) is { } known)
                return known;
            RefuseOver(grant, now);
            require?.Invoke(grant);

            ClientKey client = Approved(clientKey, ClientLabels.Create(identity, grant.Application, grant.Environment, grant.Roles), grant.CreatedBy, grant.Id, now, from);
            Write(connection =>
            {
                GrantRows.MarkUsed(connection, grant, now, clientKey);
                TrustRows.Save(connection, client);
            });
            Look(() =>
            {
                _index.Set(client);
                return _enrollments[enrollmentKey] = grant with { UsedAt = now, UsedBy = clientKey };
            });
            return client;
        }
    }

    /// <summary>Uses a token for a client's own key, under the same rules; what the client claims must be the token's, and what it leaves unsaid it gets from there.</summary>
    /// <exception cref="PantryException">The token is not good for this (InvalidEnrollment), or another key has the identity (IdentityInUse).</exception>
    public ClientKey RedeemToken(
        string secretText, PublicKey clientKey, ClientLabels claimed, DateTimeOffset now, string? from, Action<Grant>? require = null)
    {
        lock (_changing)
        {
            TokenGrant grant = FindToken(secretText) ?? throw Invalid("The token is not known here. Ask for a new token.", claimed.Identity);
            RequireOwn(clientKey);
            if (!new NamePattern(grant.Pattern).Matches(claimed.Identity))
                throw Invalid($"{grant.Name} is for '{grant.Pattern}', not for '{DisplayText.Clean(claimed.Identity, 80)}'. {grant.Cure}", grant.Id);
            if (Again(grant, clientKey) is { } known)
                return known;
            RefuseOver(grant, now);
            require?.Invoke(grant);

            ClientKey client = Approved(clientKey, Filled(grant, claimed), grant.CreatedBy, grant.Id, now, from);
            Write(connection =>
            {
                GrantRows.MarkUsed(connection, grant, now, clientKey);
                TrustRows.Save(connection, client);
            });
            Look(() =>
            {
                _index.Set(client);
                return _tokens[grant.Id] = grant with { UsedAt = now, UsedBy = clientKey };
            });
            return client;
        }
    }

    /// <summary>What the same key got before; null where the grant was not used yet.</summary>
    private ClientKey? Again(Grant grant, PublicKey clientKey)
    {
        if (grant.UsedBy is null)
            return null;
        ClientKey? known = grant.UsedBy.Equals(clientKey) ? Find(clientKey) : null;
        RefuseOutcast(known);
        return known ?? throw Invalid($"{grant.Name} was used at {grant.UsedAt:u} by {grant.UsedBy.Fingerprint}. {grant.Cure}", grant.Id);
    }

    private ClientKey Approved(PublicKey key, ClientLabels labels, string by, string grant, DateTimeOffset now, string? from)
    {
        ClientKey? known = Find(key);
        RefuseOutcast(known);
        var client = new ClientKey(key, KeyStatus.Approved, labels, known?.FirstSeen ?? now, now, by, from, grant, null, known?.LastSeen);
        RefuseSecondKey(client);
        return client;
    }

    /// <summary>
    /// What is claimed, with what that leaves unsaid taken from the token: its application, its environment, all its roles.
    /// So the levels are the token's own in any case, and of its roles there are some: a claim of less is no way to hear more.
    /// </summary>
    private static ClientLabels Filled(TokenGrant grant, ClientLabels claimed)
    {
        string? beyond = claimed switch
        {
            { Application: { } application } when !Names.Same(application, grant.Application) => $"the application '{application}'",
            { Environment: { } environment } when !Names.Same(environment, grant.Environment) => $"the environment '{environment}'",
            _ => claimed.Roles.Except(grant.Roles, Names.Comparer).FirstOrDefault() is { } role ? $"the role '{role}'" : null,
        };
        return beyond is null
            ? ClientLabels.Create(claimed.Identity, grant.Application, grant.Environment, claimed.Roles.Count > 0 ? claimed.Roles : grant.Roles)
            : throw Invalid($"{grant.Name} does not cover {DisplayText.Clean(beyond, 120)}. Claim less, or ask for a token that covers it.", grant.Id);
    }

    private static PantryException Invalid(string message, string target) => new(PantryErrorCode.InvalidEnrollment, message) { Target = target };
}
