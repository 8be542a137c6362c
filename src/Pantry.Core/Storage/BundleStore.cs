using Microsoft.Data.Sqlite;

namespace Pantry.Storage;

/// <summary>The trust bundles a server has had, as the bytes that were signed. The serial only grows.</summary>
internal sealed class BundleStore(ServerDatabase database)
{
    /// <summary>Keeps a bundle that is newer than all before it; the same one again is no error.</summary>
    /// <exception cref="PantryException">The serial is not newer (InvalidArgument), or the disk failed.</exception>
    public void Save(long serial, byte[] bundle) => database.File.Write(connection =>
    {
        using SqliteCommand newest = connection.Command("SELECT serial, bundle FROM bundles ORDER BY serial DESC LIMIT 1");
        using (SqliteDataReader reader = newest.ExecuteReader())
        {
            if (reader.Read() && reader.GetInt64(0) >= serial)
            {
                if (reader.GetInt64(0) == serial && reader.Bytes("bundle").AsSpan().SequenceEqual(bundle))
                    return;
                throw new PantryException(PantryErrorCode.InvalidArgument,
                    $"The trust bundle with the serial {serial} is not newer than the one with {reader.GetInt64(0)}. Begin from the newest bundle and try again.");
            }
        }

        connection.Run("INSERT INTO bundles (serial, bundle) VALUES ($serial, $bundle)", ("$serial", serial), ("$bundle", bundle));
    });

    /// <summary>The newest bundle; null where there is none yet.</summary>
    public (long Serial, byte[] Bundle)? Latest()
    {
        foreach ((long, byte[]) bundle in database.File.Read("SELECT serial, bundle FROM bundles ORDER BY serial DESC LIMIT 1", Row))
            return bundle;
        return null;
    }

    /// <summary>All bundles, oldest first.</summary>
    public IEnumerable<(long Serial, byte[] Bundle)> History() => database.File.Read("SELECT serial, bundle FROM bundles ORDER BY serial", Row);

    private static (long Serial, byte[] Bundle) Row(SqliteDataReader reader) => (reader.GetInt64(0), reader.Bytes("bundle"));
}
