using System.Security.Cryptography;
using Microsoft.Data.Sqlite;

namespace Pantry.Storage;

/// <summary>
/// What a server keeps under its root directory: <c>pantry.db</c>, its owner's alone, held by one server at a time.
/// </summary>
internal sealed class ServerDatabase : IDisposable
{
    public const string FileName = "pantry.db";

    private readonly DirectoryLock _lock;

    private ServerDatabase(string root, DirectoryLock directoryLock, SqliteFile file, string network)
    {
        RootDirectory = root;
        _lock = directoryLock;
        File = file;
        Network = network;
    }

    public string RootDirectory { get; }

    public SqliteFile File { get; }

    /// <summary>The fleet's name for machines: 32 random hexadecimal digits, made when the database was.</summary>
    public string Network { get; }

    /// <exception cref="PantryException">Another server has the directory, others can write to it, or the file is unfit for use.</exception>
    public static ServerDatabase Open(string rootDirectory)
    {
        string root = OwnerOnly.EnsureDirectory(rootDirectory);
        DirectoryLock directoryLock = DirectoryLock.Take(root, "server");
        SqliteFile? file = null;
        try
        {
            file = SqliteFile.Open(Path.Combine(root, FileName), Schema.Migrations);
            return new ServerDatabase(root, directoryLock, file, file.Write(EnsureNetwork));
        }
        catch (PantryException)
        {
            file?.Dispose();
            directoryLock.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        File.Dispose();
        _lock.Dispose();
    }

    private static string EnsureNetwork(SqliteConnection connection)
    {
        connection.Run("INSERT OR IGNORE INTO facts (name, value) VALUES ('network', $network)",
            ("$network", Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))));
        return (string)connection.Ask("SELECT value FROM facts WHERE name = 'network'")!;
    }
}
