using Microsoft.Data.Sqlite;
using Pantry.Client;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Storage;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Server;

public sealed class SweepTests
{
    [Fact]
    public async Task When_clients_were_last_seen_is_written_down_while_the_server_runs()
    {
        await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { SeenFlushInterval = TimeSpan.FromMilliseconds(100) });
        ClientConfiguration configuration = await fleet.ConfigurationAsync("a");
        await using (await fleet.StartAsync(configuration))
        {
        }

        DateTimeOffset since = DateTimeOffset.UtcNow;
        await fleet.StartAsync(configuration);
        using var file = new SqliteConnection($"Data Source={DatabaseOf(fleet)};Mode=ReadOnly;Pooling=False");
        file.Open();

        bool IsWritten()
        {
            using SqliteCommand read = file.Command(TrustRows.AllKeys);
            using SqliteDataReader reader = read.ExecuteReader();
            return reader.Read() && TrustRows.ReadKey(reader).LastSeen > since;
        }

        await Fleet.EventuallyAsync(IsWritten, "a later time in the file", TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_client_that_goes_while_its_order_is_being_written_down_has_its_row_at_once()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        var agent = await fleet.AddAsync("a");
        await fleet.Server.AuditLog.FlushAsync();
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        using var file = new SqliteConnection($"Data Source={DatabaseOf(fleet)};Pooling=False");
        file.Open();
        Task<IJob> starting;
        using (SqliteTransaction held = file.BeginTransaction(deferred: false))
        {
            // Whoever gives it may write it down by itself.
            starting = Task.Run(() => fleet.Server.Fleet.StartJobAsync(new JobRequest { Target = Target.Clients(["a"]), Command = "Ping" }, deadline.Token));
            Assert.False(starting.IsCompleted);
            await agent.DisposeAsync();
            await Fleet.EventuallyAsync(() => fleet.Info("a").Status == ClientStatus.Offline, "the client to be gone", TimeSpan.FromSeconds(8));
        }

        ResultRow row = await (await starting).ReadRowsAsync(deadline.Token).SingleAsync(deadline.Token);

        Assert.Equal((CommandStatus.Offline, "ClientOffline"), (row.Result.Status, row.Result.Error!.Code));
    }

    private static string DatabaseOf(Fleet fleet) => Path.Combine(fleet.Root, "server", ServerDatabase.FileName);
}
