using Microsoft.Data.Sqlite;
using Pantry.Security;

namespace Pantry.Storage;

/// <summary>Enrolments and tokens as rows of the database.</summary>
internal static class GrantRows
{
    public const string AllEnrollments = "SELECT * FROM enrollments ORDER BY created_at, id";
    public const string AllTokens = "SELECT * FROM tokens ORDER BY created_at, id";

    public static EnrollmentGrant ReadEnrollment(SqliteDataReader reader) => WithLife(reader, new EnrollmentGrant(
        reader.Text("id"),
        PublicKey.FromBytes(reader.Bytes("key")),
        reader.TextOrNull("identity"),
        reader.TextOrNull("application"),
        reader.TextOrNull("environment"),
        TrustRows.Split(reader.Text("roles")),
        reader.Time("created_at"),
        reader.Time("expires_at"),
        reader.Text("created_by")));

    public static TokenGrant ReadToken(SqliteDataReader reader) => WithLife(reader, new TokenGrant(
        reader.Text("id"),
        reader.Bytes("hash"),
        reader.Text("pattern"),
        reader.TextOrNull("application"),
        reader.TextOrNull("environment"),
        TrustRows.Split(reader.Text("roles")),
        reader.Time("created_at"),
        reader.Time("expires_at"),
        reader.Text("created_by")));

    public static void Add(SqliteConnection connection, EnrollmentGrant grant) => connection.Run("""
        INSERT INTO enrollments (id, key, identity, application, environment, roles, created_at, expires_at, created_by, maker_key, root_key)
        VALUES ($id, $key, $identity, $application, $environment, $roles, $created_at, $expires_at, $created_by, $maker_key, $root_key)
        """,
        [("$key", grant.Key.Bytes.ToArray()), ("$identity", grant.Identity), .. Common(grant)]);

    public static void Add(SqliteConnection connection, TokenGrant grant) => connection.Run("""
        INSERT INTO tokens (id, hash, pattern, application, environment, roles, created_at, expires_at, created_by, maker_key, root_key)
        VALUES ($id, $hash, $pattern, $application, $environment, $roles, $created_at, $expires_at, $created_by, $maker_key, $root_key)
        """,
        [("$hash", grant.Hash), ("$pattern", grant.Pattern), .. Common(grant)]);

    public static void MarkUsed(SqliteConnection connection, Grant grant, DateTimeOffset at, PublicKey by) => One(
        grant, connection.Run($"UPDATE {Table(grant)} SET used_at = $at, used_by = $by WHERE id = $id AND used_at IS NULL AND withdrawn_at IS NULL",
            ("$at", at), ("$by", by.Bytes.ToArray()), ("$id", grant.Id)));

    public static void MarkWithdrawn(SqliteConnection connection, Grant grant, Withdrawal withdrawal) => One(
        grant, connection.Run(
            $"UPDATE {Table(grant)} SET withdrawn_at = $at, withdrawn_by = $by, withdrawn_why = $why WHERE id = $id AND used_at IS NULL AND withdrawn_at IS NULL",
            ("$at", withdrawal.At), ("$by", withdrawal.By), ("$why", withdrawal.Why), ("$id", grant.Id)));

    public static void Remove(SqliteConnection connection, Grant grant) => connection.Run($"DELETE FROM {Table(grant)} WHERE id = $id", ("$id", grant.Id));

    private static string Table(Grant grant) => grant is TokenGrant ? "tokens" : "enrollments";

    private static void One(Grant grant, int rows)
    {
        if (rows != 1)
            throw new InvalidOperationException($"The grant '{grant.Id}' is not open, although memory says that it is.");
    }

    private static (string, object?)[] Common(Grant grant) =>
    [
        ("$id", grant.Id), ("$application", grant.Application), ("$environment", grant.Environment), ("$roles", TrustRows.Join(grant.Roles)),
        ("$created_at", grant.CreatedAt), ("$expires_at", grant.ExpiresAt), ("$created_by", grant.CreatedBy),
        ("$maker_key", grant.MakerKey), ("$root_key", grant.RootKey),
    ];

    // What stands behind it, and how it ended: the same for both kinds.
    private static T WithLife<T>(SqliteDataReader reader, T grant)
        where T : Grant => (T)((Grant)grant with
        {
            MakerKey = reader.TextOrNull("maker_key"),
            RootKey = reader.TextOrNull("root_key"),
            UsedAt = reader.TimeOrNull("used_at"),
            UsedBy = ReadUsedBy(reader),
            Withdrawn = ReadWithdrawal(reader),
        });

    private static PublicKey? ReadUsedBy(SqliteDataReader reader) => reader.BytesOrNull("used_by") is { } key ? PublicKey.FromBytes(key) : null;

    private static Withdrawal? ReadWithdrawal(SqliteDataReader reader) => reader.TimeOrNull("withdrawn_at") is { } at
        ? new Withdrawal(at, reader.Text("withdrawn_by"), reader.TextOrNull("withdrawn_why"))
        : null;
}
