using System.Security.Cryptography;
using System.Text;
using Pantry.Security;

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
/// <param name="UsedAt">When it was used; null while it was not.</param>
/// <param name="UsedBy">The client's key it brought in.</param>
internal sealed record TokenGrant(
    string Id,
    byte[] Hash,
    string Pattern,
    string? Application,
    string? Environment,
    IReadOnlyList<string> Roles,
    DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt,
    string CreatedBy,
    DateTimeOffset? UsedAt = null,
    PublicKey? UsedBy = null)
{
    /// <summary>The hash of a secret as it is kept. A plain one will do: secrets are random and long, not chosen by people.</summary>
    public static byte[] HashOf(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret.Trim()));
}
