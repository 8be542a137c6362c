using Pantry.Targeting;

namespace Pantry.Security;

/// <summary>An operator as the fleet knows it.</summary>
/// <param name="Name">Name of the operator.</param>
/// <param name="SessionKey">The key that the operator connects with, in Z85.</param>
/// <param name="SigningKey">The key that signs its orders, as a SubjectPublicKeyInfo.</param>
/// <param name="Scopes">What it may do, and where.</param>
/// <param name="Administrator">Whether it may also approve clients, and see to operators.</param>
/// <param name="CreatedAt">When it was added.</param>
/// <param name="ExpiresAt">Until when it counts; without a time, until it is removed.</param>
internal sealed record OperatorEntry(
    string Name, string SessionKey, byte[] SigningKey, IReadOnlyList<OperatorScope> Scopes, bool Administrator,
    DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt = null)
{
    private const int MaxScopes = 64;

    public bool HasExpired(DateTimeOffset now) => ExpiresAt < now;

    /// <summary>What is wrong with the entry; null where nothing is.</summary>
    internal string? Fault()
    {
        if (!Names.IsPath(Name))
            return $"'{DisplayText.Clean(Name, 80)}' is no valid name of an operator";
        if (PublicKey.TryParse(SessionKey) is null)
            return $"the session key of '{Name}' is no key in Z85";
        if (VerifyKey.TryFromBytes(SigningKey) is null)
            return $"the signing key of '{Name}' is no public key on P-256";
        if (Scopes.Count > MaxScopes)
            return $"'{Name}' has {Scopes.Count} scopes; {MaxScopes} is the most";
        return Scopes.Select(scope => scope.Fault()).OfType<string>().FirstOrDefault() is { } fault
            ? $"a scope of '{Name}' is none: {fault}"
            : null;
    }
}
