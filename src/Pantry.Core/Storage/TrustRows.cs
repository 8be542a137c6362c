using Microsoft.Data.Sqlite;
using Pantry.Security;
using Pantry.Targeting;

namespace Pantry.Storage;

/// <summary>Clients' keys as rows of the database.</summary>
internal static class TrustRows
{
    public const string AllKeys = "SELECT * FROM keys ORDER BY first_seen, key";

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

    public static void SaveSeen(SqliteConnection connection, IReadOnlyList<KeyValuePair<PublicKey, DateTimeOffset>> seen)
    {
        // One statement for all: they can be a whole fleet.
        using SqliteCommand update = connection.Command("UPDATE keys SET last_seen = $at WHERE key = $key", ("$at", 0L), ("$key", Array.Empty<byte>()));
        foreach ((PublicKey key, DateTimeOffset at) in seen)
        {
            update.Parameters["$at"].Value = at.UtcTicks;
            update.Parameters["$key"].Value = key.Bytes.ToArray();
            update.ExecuteNonQuery();
        }
    }

    public static bool Remove(SqliteConnection connection, PublicKey key) =>
        connection.Run("DELETE FROM keys WHERE key = $key", ("$key", key.Bytes.ToArray())) > 0;

    private static ClientLabels? ReadLabels(SqliteDataReader reader, string prefix) => reader.TextOrNull(prefix + "identity") is { } identity
        ? ClientLabels.Create(identity, reader.TextOrNull(prefix + "application"), reader.TextOrNull(prefix + "environment"), Split(reader.TextOrNull(prefix + "roles") ?? ""))
        : null;

    // No role has a space in it.
    public static string Join(IReadOnlyList<string> roles) => string.Join(' ', roles);

    public static string[] Split(string roles) => roles.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
