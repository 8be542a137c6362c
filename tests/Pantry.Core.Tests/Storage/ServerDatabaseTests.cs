using System.Globalization;
using System.Runtime.Versioning;
using Microsoft.Data.Sqlite;
using Pantry.Storage;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Storage;

public sealed class ServerDatabaseTests
{
    private const UnixFileMode OwnerFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    [Fact]
    public void The_network_is_made_once_and_kept()
    {
        using var root = new StorageRoot();
        string network;
        using (ServerDatabase first = root.Open())
            network = first.Network;
        Assert.Matches("^[0-9a-f]{32}$", network);
        using ServerDatabase again = root.Open();
        Assert.Equal(network, again.Network);
        using var other = new StorageRoot();
        using ServerDatabase another = other.Open();
        Assert.NotEqual(network, another.Network);
    }

    [Fact]
    public void Every_commit_is_synced_to_the_disk()
    {
        using var root = new StorageRoot();
        using ServerDatabase database = root.Open();
        (object? Mode, object? Sync) settings = database.File.Write(connection => (Scalar(connection, "PRAGMA journal_mode"), Scalar(connection, "PRAGMA synchronous")));
        Assert.Equal(("wal", 2L), settings);
    }

    [Fact]
    public void Writes_of_both_kinds_take_turns_and_each_is_synced_or_not_every_time()
    {
        using var root = new StorageRoot();
        using ServerDatabase database = root.Open();
        var seen = new List<object?>();
        for (int i = 0; i < 3; i++)
        {
            database.File.WriteUnsynced(connection => seen.Add(Scalar(connection, "PRAGMA synchronous")));
            database.File.Write(connection => seen.Add(Scalar(connection, "PRAGMA synchronous")));
        }

        Assert.Equal([1L, 2L, 1L, 2L, 1L, 2L], seen);
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void Directory_and_files_are_their_owners_alone()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Files have no mode there.");
        using var root = new StorageRoot();
        string directory = Path.Combine(root.Path, "a", "b");
        using var database = ServerDatabase.Open(directory);
        database.File.Write(connection => connection.Run("INSERT INTO facts VALUES ('a', 'b')"));
        Assert.Equal(OwnerFile | UnixFileMode.UserExecute, File.GetUnixFileMode(directory));
        string[] files = [.. Directory.GetFiles(directory).Select(Path.GetFileName).Order()!];
        Assert.Equal(["pantry.db", "pantry.db-shm", "pantry.db-wal", "server.lock", "server.pid"], files);
        Assert.All(files, file => Assert.Equal(OwnerFile, File.GetUnixFileMode(Path.Combine(directory, file))));
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void A_directory_that_others_can_write_to_is_refused_with_a_cure()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Files have no mode there.");
        using var root = new StorageRoot();
        File.SetUnixFileMode(root.Path, OwnerFile | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute);
        var error = Assert.Throws<PantryException>(root.Open);
        Assert.Equal(PantryErrorCode.InsecureFile, error.Code);
        Assert.Contains($"chmod 700 '{root.Path}'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void A_database_that_others_can_read_or_that_is_a_link_is_refused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Files have no mode there.");
        using var root = new StorageRoot();
        root.Open().Dispose();
        File.SetUnixFileMode(root.DatabaseFile, OwnerFile | UnixFileMode.OtherRead);
        var error = Assert.Throws<PantryException>(root.Open);
        Assert.Equal(PantryErrorCode.InsecureFile, error.Code);
        Assert.Contains("chmod 600", error.Message, StringComparison.Ordinal);

        File.SetUnixFileMode(root.DatabaseFile, OwnerFile);
        File.Move(root.DatabaseFile, root.DatabaseFile + ".elsewhere");
        File.CreateSymbolicLink(root.DatabaseFile, root.DatabaseFile + ".elsewhere");
        Assert.Equal(PantryErrorCode.InsecureFile, StorageRoot.CodeOf(() => root.Open()));
    }

    [Fact]
    public void A_second_server_in_the_same_process_is_refused_until_the_first_has_gone()
    {
        using var root = new StorageRoot();
        using (root.Open())
            Assert.Equal(PantryErrorCode.RootInUse, StorageRoot.CodeOf(() => root.Open()));
        root.Open().Dispose();
    }

    [Fact]
    public async Task A_second_server_in_another_process_is_refused_and_told_who_has_the_directory_until_that_was_killed()
    {
        using var root = new StorageRoot();
        await using HostProcess first = await HostProcess.StartAsync("storage", root.Path);
        var error = Assert.Throws<PantryException>(root.Open);
        Assert.Equal((PantryErrorCode.RootInUse, root.Path), (error.Code, error.Target));
        Assert.Contains(root.Path, error.Message, StringComparison.Ordinal);
        Assert.Contains($"process {first.Id.ToString(CultureInfo.InvariantCulture)}", error.Message, StringComparison.Ordinal);
        await first.KillAsync();
        root.Open().Dispose();
    }

    [Fact]
    public void A_file_that_is_no_database_is_refused_by_name_and_left_alone()
    {
        using var root = new StorageRoot();
        byte[] text = [.. Enumerable.Repeat((byte)'x', 10_000)];
        using (FileStream file = OwnerOnly.Create(root.DatabaseFile, FileMode.CreateNew))
            file.Write(text);
        var error = Assert.Throws<PantryException>(root.Open);
        Assert.Equal((PantryErrorCode.StorageFailed, root.DatabaseFile), (error.Code, error.Target));
        Assert.Contains(root.DatabaseFile, error.Message, StringComparison.Ordinal);
        Assert.Equal(text, File.ReadAllBytes(root.DatabaseFile));
    }

    [Fact]
    public void A_database_with_pages_overwritten_is_refused_by_name()
    {
        using var root = new StorageRoot();
        using (ServerDatabase database = root.Open())
        {
            using var trust = new TrustStore(database);
            for (int i = 0; i < 200; i++)
                trust.AddPending(StorageRoot.Pending(StorageRoot.NewKey(), StorageRoot.Labels($"host{i}")), 1000);
        }

        byte[] bytes = File.ReadAllBytes(root.DatabaseFile);
        bytes.AsSpan(4096).Fill(0xA5);
        File.WriteAllBytes(root.DatabaseFile, bytes);
        var error = Assert.Throws<PantryException>(() =>
        {
            using ServerDatabase database = root.Open();
            using var trust = new TrustStore(database);
        });
        Assert.Equal((PantryErrorCode.StorageFailed, root.DatabaseFile), (error.Code, error.Target));
    }

    [Fact]
    public void A_database_of_a_newer_version_is_refused_and_left_alone()
    {
        using var root = new StorageRoot();
        using (ServerDatabase database = root.Open())
            database.File.Write(connection => connection.Run("PRAGMA user_version = 1000"));
        var error = Assert.Throws<PantryException>(root.Open);
        Assert.Equal(PantryErrorCode.StorageFailed, error.Code);
        Assert.Contains("newer", error.Message, StringComparison.Ordinal);
        Assert.Equal(1000L, Direct(root.DatabaseFile, "PRAGMA user_version"));
    }

    [Fact]
    public void A_database_of_the_oldest_version_is_brought_to_the_newest_and_keeps_what_it_had()
    {
        using var root = new StorageRoot();
        SqliteFile.Open(root.DatabaseFile, [Schema.Migrations[0]]).Dispose();
        byte[] key = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];
        Direct(root.DatabaseFile, $"INSERT INTO facts VALUES ('network', 'abc'); INSERT INTO keys (key, status, identity, roles, first_seen) VALUES (x'{Convert.ToHexString(key)}', 'Approved', 'old', 'web db', 0)");

        using ServerDatabase database = root.Open();
        using var trust = new TrustStore(database);
        Assert.Equal("abc", database.Network);
        Assert.Equal(["web", "db"], StorageRoot.Approved(trust, "OLD")!.Labels.Roles);
        new BundleStore(database).Save(1, [1]);
        Assert.Equal((long)Schema.Migrations.Count, database.File.Write(connection => Scalar(connection, "PRAGMA user_version")));
    }

    [Fact]
    public void A_migration_that_fails_leaves_the_file_at_the_schema_it_had()
    {
        using var root = new StorageRoot();
        Assert.Equal(PantryErrorCode.StorageFailed, StorageRoot.CodeOf(() => SqliteFile.Open(
            root.DatabaseFile, ["CREATE TABLE a (x)", "CREATE TABLE b (x); INSERT INTO missing VALUES (1)"])));
        Assert.Equal(1L, Direct(root.DatabaseFile, "PRAGMA user_version"));
        Assert.Equal(0L, Direct(root.DatabaseFile, "SELECT count(*) FROM sqlite_schema WHERE name = 'b'"));
    }

    internal static object? Direct(string file, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        connection.Open();
        return Scalar(connection, sql);
    }

    private static object? Scalar(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.Command(sql);
        return command.ExecuteScalar();
    }
}
