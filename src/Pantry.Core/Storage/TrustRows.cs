using Microsoft.Data.Sqlite;
using Pantry.Security;
using Pantry.Targeting;

namespace Pantry.Storage;

/// <summary>Keys, enrolments and tokens as rows of the database.</summary>
internal static class TrustRows
{
    public const string AllKeys = "SELECT * FROM keys ORDER BY first_seen, key";
    public const string AllEnrollments = "SELECT * FROM enrollments ORDER BY created_at, id";
    public const string AllTokens = "SELECT * FROM tokens ORDER BY created_at, id";

    public static ClientKey ReadKey(SqliteDataReader reader) => new(
        PublicKey.FromBytes(reader.Bytes("key")),
        Enum.Parse<KeyStatus>(reader.Text("status")),
        ReadLabels(reader, "")!,
        reader.Time("first_seen"),
        reader.TimeOrNull("decided_at"),
        reader.TextOrNull("decided_by"),
        reader.TextOrNull("came_from"),
        reader.TextOrNull("enrollment"),
        ReadLabels(reader, "claimed_"),
        reader.TimeOrNull("last_seen"));

    public static EnrollmentGrant ReadEnrollment(SqliteDataReader reader) => new(
        reader.Text("id"),
        PublicKey.FromBytes(reader.Bytes("key")),
        reader.TextOrNull("identity"),
        reader.TextOrNull("application"),
        reader.TextOrNull("environment"),
        Split(reader.Text("roles")),
        reader.Time("created_at"),
        reader.Time("expires_at"),
        reader.Text("created_by"),
        reader.TimeOrNull("used_at"),
        ReadUsedBy(reader));

    public static TokenGrant ReadToken(SqliteDataReader reader) => new(
        reader.Text("id"),
        reader.Bytes("hash"),
        reader.Text("pattern"),
        reader.TextOrNull("application"),
        reader.TextOrNull("environment"),
        Split(reader.Text("roles")),
        reader.Time("created_at"),
        reader.Time("expires_at"),
        reader.Text("created_by"),
        reader.TimeOrNull("used_at"),
        ReadUsedBy(reader));

    public static void Save(SqliteConnection connection, ClientKey client) => connection.Run("""
        INSERT OR REPLACE INTO keys (key, status, identity, application, environment, roles,
            claimed_identity, claimed_application, claimed_environment, claimed_roles,
            first_seen, last_seen, decided_at, decided_by, came_from, enrollment)
        VALUES ($key, $status, $identity, $application, $environment, $roles,
            $claimed_identity, $claimed_application, $claimed_environment, $claimed_roles,
            $first_seen, $last_seen, $decided_at, $decided_by, $came_from, $enrollment)
        """,
        ("$key", client.Key.Bytes.ToArray()), ("$status", client.Status.ToString()),
        ("$identity", client.Labels.Identity), ("$application", client.Labels.Application),
        ("$environment", client.Labels.Environment), ("$roles", Join(client.Labels.Roles)),
        ("$claimed_identity", client.Claimed?.Identity), ("$claimed_application", client.Claimed?.Application),
        ("$claimed_environment", client.Claimed?.Environment), ("$claimed_roles", client.Claimed is null ? null : Join(client.Claimed.Roles)),
        ("$first_seen", client.FirstSeen), ("$last_seen", client.LastSeen), ("$decided_at", client.DecidedAt),
        ("$decided_by", client.DecidedBy), ("$came_from", client.From), ("$enrollment", client.Enrollment));

    public static void SaveSeen(SqliteConnection connection, PublicKey key, DateTimeOffset at) => connection.Run(
        "UPDATE keys SET last_seen = $at WHERE key = $key", ("$at", at), ("$key", key.Bytes.ToArray()));

    public static bool Remove(SqliteConnection connection, PublicKey key) =>
        connection.Run("DELETE FROM keys WHERE key = $key", ("$key", key.Bytes.ToArray())) > 0;

    public static void Add(SqliteConnection connection, EnrollmentGrant grant) => connection.Run("""
        INSERT INTO enrollments (id, key, identity, application, environment, roles, created_at, expires_at, created_by)
        VALUES ($id, $key, $identity, $application, $environment, $roles, $created_at, $expires_at, $created_by)
        """,
        ("$id", grant.Id), ("$key", grant.Key.Bytes.ToArray()), ("$identity", grant.Identity), ("$application", grant.Application),
        ("$environment", grant.Environment), ("$roles", Join(grant.Roles)), ("$created_at", grant.CreatedAt),
        ("$expires_at", grant.ExpiresAt), ("$created_by", grant.CreatedBy));

    public static void Add(SqliteConnection connection, TokenGrant grant) => connection.Run("""
        INSERT INTO tokens (id, hash, pattern, application, environment, roles, created_at, expires_at, created_by)
        VALUES ($id, $hash, $pattern, $application, $environment, $roles, $created_at, $expires_at, $created_by)
        """,
        ("$id", grant.Id), ("$hash", grant.Hash), ("$pattern", grant.Pattern), ("$application", grant.Application),
        ("$environment", grant.Environment), ("$roles", Join(grant.Roles)), ("$created_at", grant.CreatedAt),
        ("$expires_at", grant.ExpiresAt), ("$created_by", grant.CreatedBy));

    public static void MarkEnrollmentUsed(SqliteConnection connection, string id, DateTimeOffset at, PublicKey by) => MarkUsed(
        connection, "UPDATE enrollments SET used_at = $at, used_by = $by WHERE id = $id AND used_at IS NULL", id, at, by);

    public static void MarkTokenUsed(SqliteConnection connection, string id, DateTimeOffset at, PublicKey by) => MarkUsed(
        connection, "UPDATE tokens SET used_at = $at, used_by = $by WHERE id = $id AND used_at IS NULL", id, at, by);

    private static void MarkUsed(SqliteConnection connection, string sql, string id, DateTimeOffset at, PublicKey by)
    {
        if (connection.Run(sql, ("$at", at), ("$by", by.Bytes.ToArray()), ("$id", id)) != 1)
            throw new InvalidOperationException($"The grant '{id}' was used, although memory says that it was not.");
    }

    private static ClientLabels? ReadLabels(SqliteDataReader reader, string prefix) => reader.TextOrNull(prefix + "identity") is { } identity
        ? ClientLabels.Create(identity, reader.TextOrNull(prefix + "application"), reader.TextOrNull(prefix + "environment"), Split(reader.TextOrNull(prefix + "roles") ?? ""))
        : null;

    private static PublicKey? ReadUsedBy(SqliteDataReader reader) => reader.BytesOrNull("used_by") is { } key ? PublicKey.FromBytes(key) : null;

    // No role has a space in it.
    private static string Join(IReadOnlyList<string> roles) => string.Join(' ', roles);

    private static string[] Split(string roles) => roles.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
