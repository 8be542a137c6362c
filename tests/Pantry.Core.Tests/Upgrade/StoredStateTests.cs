using System.IO.Compression;
using Pantry.Client;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Server;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;
using Pantry.Tests.Faults;
using Pantry.Transport;

namespace Pantry.Tests.Upgrade;

/// <summary>
/// What earlier versions have written opens in this one. Each <c>state-VERSION.zip</c> holds the directories of a small fleet, as that version left them
/// when it was stopped: the server with a package, an application of two revisions, an ended job and one that waits for db1, and the clients web1 and db1.
/// </summary>
public sealed class StoredStateTests : IDisposable
{
    private static readonly Dictionary<string, DateTimeOffset> Written = new() { ["0.1"] = new(2026, 11, 30, 4, 42, 0, TimeSpan.Zero) };

    private readonly string _root = TestDirectory.Create();
    private readonly JumpClock _clock = new();

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("0.1")]
    public async Task A_server_opens_the_state_of_an_earlier_version_with_everything_in_it(string version)
    {
        Unpack(version);
        await using ServerHost server = await StartAsync();
        IFleet fleet = server.Fleet;

        Assert.Equal(["db1", "web1"], (await fleet.FindClientsAsync(new ClientFilter(), default).ToListAsync()).Select(client => client.Identity));
        Assert.Equal(["local", "nightly"], (await fleet.ListOperatorsAsync(default)).List.Operators.Select(each => each.Name).Order());
        JobInfo[] jobs = await fleet.FindJobsAsync(new JobFilter(), default).ToArrayAsync();
        Assert.Equal(2, jobs.Length);
        JobInfo ended = Assert.Single(jobs, job => job.State == PantryJobState.Ended && job.Targets == 2);
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob old = await fleet.OpenJobAsync(ended.JobId, 0, deadline.Token);
        Assert.Equal(["kept\n", "kept\n"], (await old.ReadRowsAsync(deadline.Token).ToListAsync(deadline.Token)).Select(Fleet.Text));

        PackageInfo package = await fleet.Provisioning.FindPackagesAsync(new PackageFilter(), default).SingleAsync();
        Assert.Equal(("base", "1.0.0", "script"), (package.Name, package.Version, package.Kind));
        Assert.True((await fleet.Provisioning.VerifyPackagesAsync(default).ToListAsync())[^1].Last);
        ApplicationInfo application = await fleet.Provisioning.ReadApplicationAsync("shop", null, default);
        Assert.Equal(2, application.Revision);
        Assert.Contains("workers: 2", application.Document, StringComparison.Ordinal);
        PantryPlan plan = await fleet.Provisioning.FindPlansAsync(new ClientFilter { Identities = ["web1"] }, default).SingleAsync();
        Assert.Equal(["base 1.0.0"], plan.Packages.Select(each => each.ToString()));
        Assert.True((await fleet.VerifyAuditAsync(null, default)).IsIntact);
    }

    [Theory]
    [InlineData("0.1")]
    public async Task The_clients_of_an_earlier_version_come_back_and_get_what_waited_for_them_only_once(string version)
    {
        Unpack(version);
        await using ServerHost server = await StartAsync();
        string id = (await server.Fleet.FindQueuedAsync(new JobFilter(), default).FirstOrDefaultAsync())?.JobId
            ?? (await server.Fleet.FindJobsAsync(new JobFilter(), default).SingleAsync(job => job.Targets == 1)).JobId;

        await using ClientAgent db1 = await ClientAsync(server, "db1");
        await using ClientAgent web1 = await ClientAsync(server, "web1");

        Assert.Equal((RegistrationStatus.Approved, RegistrationStatus.Approved), (db1.Registration, web1.Registration));
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        ResultRow waited = Assert.Single(await (await server.Fleet.OpenJobAsync(id, 0, deadline.Token)).ReadRowsAsync(deadline.Token).ToListAsync(deadline.Token));
        Assert.Equal((CommandStatus.Succeeded, "later\n"), (waited.Result.Status, Fleet.Text(waited)));
        IJob job = await server.Fleet.StartJobAsync(new JobRequest { Target = Target.All, Command = "Ping" }, deadline.Token);
        Assert.All(await job.ReadRowsAsync(deadline.Token).ToListAsync(deadline.Token), row => Assert.Equal(CommandStatus.Succeeded, row.Result.Status));
    }

    [Theory]
    [InlineData("0.1")]
    public async Task An_operator_file_of_an_earlier_version_lets_its_operator_in(string version)
    {
        Unpack(version);
        await using ServerHost server = await StartAsync();
        OperatorCredentials credentials = OperatorFile.Load(Path.Combine(_root, "nightly.operator")) with { ReceivePort = server.ReceivePort };

        await using RemoteFleet console = await RemoteFleet.ConnectAsync(credentials, time: _clock);

        IJob job = await console.StartJobAsync(new JobRequest { Target = Target.OfStreams("shop"), Command = "Echo", DeliveryTimeout = TimeSpan.FromSeconds(1) }, default);
        Assert.Equal(["db1", "web1"], job.Targets.Order());
        await Assert.ThrowsAsync<PantryException>(() => console.StartJobAsync(new JobRequest { Target = Target.All, Command = "Shell" }, default));
    }

    [Theory]
    [InlineData("0.1", "pantry.db")]
    [InlineData("0.1", "jobs.db")]
    [InlineData("0.1", "provisioning.db")]
    public async Task A_state_that_a_newer_version_has_written_is_refused_and_left_as_it_is(string version, string file)
    {
        Unpack(version);
        string path = Path.Combine(_root, "server", file);
        using (var database = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={path};Pooling=False"))
        {
            database.Open();
            using Microsoft.Data.Sqlite.SqliteCommand newer = database.CreateCommand();
            newer.CommandText = "PRAGMA user_version = 1000";
            newer.ExecuteNonQuery();
        }

        byte[] before = await File.ReadAllBytesAsync(path);
        var error = await Assert.ThrowsAsync<PantryException>(StartAsync);

        Assert.Equal(PantryErrorCode.StorageFailed, error.Code);
        Assert.Contains(file, error.Message, StringComparison.Ordinal);
        Assert.Contains("newer Pantry", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(path));
    }

    private Task<ServerHost> StartAsync() =>
        ServerHost.StartAsync(new ServerConfiguration { PublishPort = 0, ReceivePort = 0, FilePort = 0, Path = Path.Combine(_root, "server") }, time: _clock);

    private Task<ClientAgent> ClientAsync(ServerHost server, string identity) => ClientAgent.StartAsync(new ClientConfiguration
    {
        Server = new ServerAddress("127.0.0.1", server.PublishPort, server.ReceivePort),
        Labels = ClientLabels.Create(identity, null, null, null),
        Path = Path.Combine(_root, "clients", identity),
    }, time: _clock);

    private void Unpack(string version)
    {
        // The jobs in it are forgotten and run out as time goes by: it is looked at on the day after it was written.
        _clock.Jump(Written[version] + TimeSpan.FromDays(1) - DateTimeOffset.UtcNow);
        ZipFile.ExtractToDirectory(Path.Combine(AppContext.BaseDirectory, "Upgrade", $"state-{version}.zip"), _root, overwriteFiles: true);
        if (OperatingSystem.IsWindows())
            return;
        foreach (string directory in Directory.EnumerateDirectories(_root, "*", SearchOption.AllDirectories))
            File.SetUnixFileMode(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (string file in Directory.EnumerateFiles(_root, "*", SearchOption.AllDirectories))
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }
}
