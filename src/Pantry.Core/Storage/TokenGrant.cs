using System.Security.Cryptography;
using System.Text;

namespace Pantry.Storage;

/// <summary>A token that may bring in one client, once. Its secret is not kept, only the hash.</summary>
/// <param name="Id">Name of the token in lists and records; not the secret.</param>
/// <param name="Hash">What <see cref="HashOf"/> makes of the secret.</param>
/// <param name="Pattern">The identities it is good for, with wildcards.</param>
/// <param name="Application">The one application its client may have; null for none.</param>
/// <param name="Environment">The one environment its client may have; null for none.</param>
/// <param name="Roles">The roles its client may have, all or some.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ExpiresAt">Until when it can be used.</param>
/// <param name="CreatedBy">Who made it, and so who approved.</param>
internal sealed record TokenGrant(
    string Id,
    byte[] Hash,
    string Pattern,
    string? Application,
    string? Environment,
    IReadOnlyList<string> Roles,
    DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt,
    string CreatedBy) : Grant(Id, Application, Environment, Roles, CreatedAt, ExpiresAt, CreatedBy)
{
    public override string Name => $"The token '{Id}'";

    public override string Cure => "Ask for a new token.";

    /// <summary>The hash of a secret as it is kept. A plain one will do: secrets are random and long, not chosen by people.</summary>
    public static byte[] HashOf(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret.Trim()));
}
