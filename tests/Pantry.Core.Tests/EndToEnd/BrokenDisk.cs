using Microsoft.Data.Sqlite;
using Pantry.Storage;

namespace Pantry.Tests.EndToEnd;

/// <summary>A server's database that refuses one kind of change, as a full disk would, until this is disposed.</summary>
internal sealed class BrokenDisk : IDisposable
{
    private readonly string _connection;

    /// <param name="fleet">Whose server.</param>
    /// <param name="change">What is refused, in SQL: <c>INSERT ON audit</c>.</param>
    /// <param name="file">Name of the database.</param>
    public BrokenDisk(Fleet fleet, string change, string file = ServerDatabase.FileName)
    {
        _connection = $"Data Source={Path.Combine(fleet.Root, "server", file)};Pooling=False";
        Run($"CREATE TRIGGER broken BEFORE {change} BEGIN SELECT RAISE(ABORT, 'the disk is broken'); END");
    }

    public void Dispose() => Run("DROP TRIGGER broken");

    private void Run(string sql)
    {
        using var file = new SqliteConnection(_connection);
        file.Open();
        file.Run(sql);
    }
}
