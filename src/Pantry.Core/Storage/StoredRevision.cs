using Microsoft.Data.Sqlite;

namespace Pantry.Storage;

/// <summary>An application's document in one revision: what it was, who made it so, and when.</summary>
internal sealed record StoredRevision(string Name, int Revision, ApplicationChange Change, string Document, DateTimeOffset ChangedAt, string ChangedBy)
{
    public static StoredRevision Read(SqliteDataReader reader) => new(
        reader.Text("name"), (int)reader.GetInt64(reader.GetOrdinal("revision")), Enum.Parse<ApplicationChange>(reader.Text("change")),
        reader.Text("document"), reader.Time("changed_at"), reader.Text("changed_by"));
}
