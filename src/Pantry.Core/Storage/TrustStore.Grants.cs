using System.Security.Cryptography;
using Pantry.Security;
using Pantry.Targeting;

namespace Pantry.Storage;

/// <summary>Enrolments and tokens: each brings in one client's key, once, in one transaction.</summary>
internal sealed partial class TrustStore
{
    private const string EnrollmentCure = "Make a new one with New-PantryEnrollment.";
    private const string TokenCure = "Ask for a new token.";

    private readonly Dictionary<PublicKey, EnrollmentGrant> _enrollments = [];
    private readonly Dictionary<string, TokenGrant> _tokens = [];

    public IReadOnlyList<EnrollmentGrant> Enrollments() => Look(() => _enrollments.Values.OrderBy(grant => grant.CreatedAt).ToList());

    public IReadOnlyList<TokenGrant> Tokens() => Look(() => _tokens.Values.OrderBy(grant => grant.CreatedAt).ToList());

    public EnrollmentGrant? FindEnrollment(PublicKey key) => Look(() => _enrollments.GetValueOrDefault(key));

    /// <exception cref="PantryException">A name is not allowed, or the disk failed.</exception>
    public void AddEnrollment(EnrollmentGrant grant)
    {
        _ = ClientLabels.Create(grant.Identity ?? "any", grant.Application, grant.Environment, grant.Roles);
        lock (_changing)
        {
            Write(connection => TrustRows.Add(connection, grant));
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
            Write(connection => TrustRows.Add(connection, grant));
            Look(() => _tokens[grant.Id] = grant);
        }
    }

    /// <summary>
    /// Uses an enrolment for a client's own key. The same key again gets what is known of it now, so that a lost answer can
    /// be asked for again; look at the status.
    /// </summary>
    /// <exception cref="PantryException">The enrolment is not good for this (InvalidEnrollment), or another key has the identity (IdentityInUse).</exception>
    public ClientKey Redeem(PublicKey enrollmentKey, PublicKey clientKey, string identity, DateTimeOffset now, string? from)
    {
        lock (_changing)
        {
            EnrollmentGrant grant = FindEnrollment(enrollmentKey) ?? throw Invalid($"The enrolment with the key {enrollmentKey.Fingerprint} is not known here. {EnrollmentCure}", enrollmentKey.Fingerprint);
            string name = $"The enrolment '{grant.Id}'";

            // The file's key has travelled, so it is nobody's own.
            if (clientKey.Equals(enrollmentKey) || FindEnrollment(clientKey) is not null)
                throw Invalid($"{name} brings in a key that the client made itself, not the key of an enrolment.", grant.Id);
            if (grant.Identity is not null && !Names.Same(grant.Identity, identity))
                throw Invalid($"{name} is for '{grant.Identity}', not for '{DisplayText.Clean(identity, 80)}'. {EnrollmentCure}", grant.Id);
            if (Again(name, grant.UsedAt, grant.UsedBy, clientKey, EnrollmentCure) is { } known)
                return known;
            RefuseExpired(name, grant.ExpiresAt, now, EnrollmentCure);

            ClientKey client = Approved(clientKey, ClientLabels.Create(identity, grant.Application, grant.Environment, grant.Roles), grant.CreatedBy, grant.Id, now, from);
            Write(connection =>
            {
                TrustRows.MarkEnrollmentUsed(connection, grant.Id, now, clientKey);
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

    /// <summary>Uses a token for a client's own key, under the same rules; what the client claims must lie within the token's labels.</summary>
    /// <exception cref="PantryException">The token is not good for this (InvalidEnrollment), or another key has the identity (IdentityInUse).</exception>
    public ClientKey RedeemToken(string secretText, PublicKey clientKey, ClientLabels claimed, DateTimeOffset now, string? from)
    {
        lock (_changing)
        {
            TokenGrant grant = FindToken(secretText) ?? throw Invalid($"The token is not known here. {TokenCure}", claimed.Identity);
            string name = $"The token '{grant.Id}'";
            if (FindEnrollment(clientKey) is not null)
                throw Invalid($"{name} brings in a key that the client made itself, not the key of an enrolment.", grant.Id);
            if (!new NamePattern(grant.Pattern).Matches(claimed.Identity))
                throw Invalid($"{name} is for '{grant.Pattern}', not for '{DisplayText.Clean(claimed.Identity, 80)}'. {TokenCure}", grant.Id);
            if (Again(name, grant.UsedAt, grant.UsedBy, clientKey, TokenCure) is { } known)
                return known;
            RefuseExpired(name, grant.ExpiresAt, now, TokenCure);

            ClientKey client = Approved(clientKey, Within(grant, name, claimed), grant.CreatedBy, grant.Id, now, from);
            Write(connection =>
            {
                TrustRows.MarkTokenUsed(connection, grant.Id, now, clientKey);
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

    /// <summary>Compares with every token, each in fixed time, so that the time says nothing about any of them.</summary>
    private TokenGrant? FindToken(string secretText)
    {
        byte[] hash = TokenGrant.HashOf(secretText);
        TokenGrant? found = null;
        foreach (TokenGrant grant in Tokens())
        {
            if (CryptographicOperations.FixedTimeEquals(grant.Hash, hash))
                found = grant;
        }

        return found;
    }

    /// <summary>What the same key got before; null where the grant was not used yet.</summary>
    private ClientKey? Again(string name, DateTimeOffset? usedAt, PublicKey? usedBy, PublicKey clientKey, string cure)
    {
        if (usedBy is null)
            return null;
        ClientKey? known = usedBy.Equals(clientKey) ? Find(clientKey) : null;
        RefuseOutcast(known);
        return known ?? throw Invalid($"{name} was used at {usedAt:u} by {usedBy.Fingerprint}. {cure}", name);
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
    /// The token's labels; of roles those that are claimed, if any are. A claim of less than the rest is no way to hear more:
    /// who has nothing set hears everything.
    /// </summary>
    private static ClientLabels Within(TokenGrant grant, string name, ClientLabels claimed)
    {
        string? beyond = claimed switch
        {
            { Application: { } application } when !Names.Same(application, grant.Application) => $"the application '{application}'",
            { Environment: { } environment } when !Names.Same(environment, grant.Environment) => $"the environment '{environment}'",
            _ => claimed.Roles.Except(grant.Roles, Names.Comparer).FirstOrDefault() is { } role ? $"the role '{role}'" : null,
        };
        return beyond is null
            ? ClientLabels.Create(claimed.Identity, grant.Application, grant.Environment, claimed.Roles.Count > 0 ? claimed.Roles : grant.Roles)
            : throw Invalid($"{name} does not cover {DisplayText.Clean(beyond, 120)}. Claim less, or ask for a token that covers it.", grant.Id);
    }

    private static void RefuseExpired(string name, DateTimeOffset expiresAt, DateTimeOffset now, string cure)
    {
        if (now > expiresAt)
            throw Invalid($"{name} was good until {expiresAt:u}. {cure}", name);
    }

    private static PantryException Invalid(string message, string target) => new(PantryErrorCode.InvalidEnrollment, message) { Target = target };
}
