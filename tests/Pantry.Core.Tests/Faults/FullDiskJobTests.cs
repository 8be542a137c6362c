using System.Text;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Storage;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;
using Pantry.Tests.Storage;

namespace Pantry.Tests.Faults;

/// <summary>A server whose disk is full takes no orders and says so; what runs is not lost, and goes on when there is room.</summary>
public sealed class FullDiskJobTests
{
    [Fact]
    public async Task While_the_servers_disk_is_full_orders_are_refused_and_rows_wait_and_when_there_is_room_all_of_them_come()
    {
        string path = TestDirectory.Create();
        using (SmallDisk disk = SmallDisk.MountAt(path, "6m"))
        {
            await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { ResultRetry = TimeSpan.FromSeconds(1) }, FixedPorts.Take(3), serverPath: Path.Combine(path, "server"));
            var finish = new TaskCompletionSource();
            var commands = new CommandTable();
            commands.Add(new TalkingCommand("Talk", 300_000, finish.Task));
            foreach (string name in (string[])["a", "b", "c"])
                await fleet.AddAsync(name, commands: commands);
            await using RemoteFleet console = await fleet.ConnectAsync();
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(90));
            IJob job = await console.StartJobAsync(new JobRequest { Target = Target.All, Command = "Talk" }, deadline.Token);
            await Fleet.EventuallyAsync(() => fleet.Clients.All(client => client.RunningJobs == 1), "all to be at work");

            disk.Fill();
            finish.SetResult();

            // Small changes may still have room in what the files hold already.
            PantryException? refused = null;
            for (int i = 0; refused is null && i < 100; i++)
            {
                try
                {
                    await console.StartJobAsync(new JobRequest { Target = Target.Clients(["nobody"]), Command = "Ping" }, deadline.Token);
                }
                catch (PantryException full)
                {
                    refused = full;
                }
            }

            Assert.Equal(PantryErrorCode.StorageFailed, refused?.Code);
            Assert.Contains(path, refused!.Message, StringComparison.Ordinal);
            Assert.Contains("disk", refused.Message, StringComparison.Ordinal);
            Assert.Contains("space", refused.Message, StringComparison.Ordinal);
            Assert.Equal(3, await console.FindClientsAsync(new ClientFilter { Status = ClientStatus.Online }, deadline.Token).CountAsync(deadline.Token));
            Assert.Equal(0, (await console.FindJobsAsync(new JobFilter { Id = job.Id }, deadline.Token).SingleAsync(deadline.Token)).Rows.Values.Sum());

            disk.Empty();
            List<ResultRow> rows = await job.ReadRowsAsync(deadline.Token).ToListAsync(deadline.Token);

            Assert.Equal(["a", "b", "c"], rows.Select(row => row.Client).Order());
            Assert.All(rows, row => Assert.Equal((CommandStatus.Succeeded, 300_000), (row.Result.Status, row.Body(Result.StandardOutputBody).Length)));
            Assert.Equal(3, (await fleet.RunAsync(Target.All, "Ping", fleet: console)).Count(row => row.Result.Status == CommandStatus.Succeeded));
            Assert.Equal(0, fleet.Clients.Sum(client => client.RunningJobs));

            await fleet.RestartServerAsync();
            IJob opened = await fleet.Server.Fleet.OpenJobAsync(job.Id, 0, deadline.Token);
            Assert.Equal(rows.Select(row => row.Client), (await opened.ReadRowsAsync(deadline.Token).ToListAsync(deadline.Token)).Select(row => row.Client));
            Assert.True((await fleet.Server.Fleet.VerifyAuditAsync(null, deadline.Token)).IsIntact);
        }

        Directory.Delete(path, recursive: true);
    }

    [Fact]
    public async Task A_row_that_cannot_be_read_ends_the_reading_with_an_error_and_does_not_hang_it()
    {
        await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { RowWindow = 1, KeptOutput = 10 });
        var commands = new CommandTable();
        commands.Add(new TalkingCommand("Talk", 100, Task.CompletedTask));
        foreach (string name in (string[])["a", "b", "c", "d"])
            await fleet.AddAsync(name, commands: commands);
        await using RemoteFleet console = await fleet.ConnectAsync();
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob job = await console.StartJobAsync(new JobRequest { Target = Target.All, Command = "Talk" }, deadline.Token);
        await Fleet.EventuallyAsync(() => fleet.Server.Jobs.Find(job.Id)!.Rows.Count == 4, "the rows");

        // The console takes none yet: this one is still to be read from the disk.
        using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Path.Combine(fleet.Root, "server", JobStore.FileName)};Pooling=False"))
        {
            connection.Open();
            Assert.Equal(1, connection.Run("UPDATE rows SET output = x'ff' WHERE number = 3"));
        }

        PantryException error = await Assert.ThrowsAsync<PantryException>(() => job.ReadRowsAsync(deadline.Token).ToListAsync(deadline.Token).AsTask());

        Assert.Equal(PantryErrorCode.StorageFailed, error.Code);
        Assert.Contains(JobStore.FileName, error.Message, StringComparison.Ordinal);
        IJob opened = await console.OpenJobAsync(job.Id, 0, deadline.Token);
        Assert.Equal(PantryErrorCode.StorageFailed, (await Assert.ThrowsAsync<PantryException>(() => opened.ReadRowsAsync(deadline.Token).ToListAsync(deadline.Token).AsTask())).Code);
    }

    private sealed class TalkingCommand(string name, int bytes, Task until) : ICommand
    {
        public string Name => name;

        public async Task<CommandOutcome> RunAsync(CommandContext context, CancellationToken cancellation)
        {
            await until.WaitAsync(cancellation);
            return new CommandOutcome { StandardOutput = Encoding.ASCII.GetBytes(new string('x', bytes)) };
        }
    }
}
