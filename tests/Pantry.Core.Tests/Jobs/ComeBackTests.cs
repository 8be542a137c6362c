using Pantry.Client;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Targeting;
using Pantry.TestHost;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Jobs;

/// <summary>Orders that are given before the clients of a restarted server are back.</summary>
public sealed class ComeBackTests
{
    [Fact]
    public async Task An_order_given_before_the_clients_of_a_killed_server_are_back_waits_for_them_and_every_target_has_one_row()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A POSIX shell is needed.");
        string root = TestDirectory.Create();
        int[] ports = FixedPorts.Take(3);
        string[] arguments = ["server", Path.Combine(root, "server"), .. ports.Select(port => $"{port}"), Path.Combine(root, "operator.json")];
        HostProcess server = await HostProcess.StartAsync(arguments);
        var clients = new List<HostProcess>();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        try
        {
            await using (RemoteFleet console = await RemoteFleet.ConnectAsync(OperatorFile.Load(Path.Combine(root, "operator.json"))))
            {
                foreach (string name in (string[])["back", "slow", "gone"])
                {
                    EnrollmentFile.Save(Path.Combine(root, name), await console.EnrolAsync(new Enrol(name, null, null, [], 0), deadline.Token));
                    clients.Add(await HostProcess.StartAsync("client", Path.Combine(root, name), Path.Combine(root, "home-" + name)));
                }
            }

            await Task.WhenAll(clients.Select(client => client.KillAsync()).Append(server.KillAsync()));
            await server.DisposeAsync();
            server = await HostProcess.StartAsync(arguments);
            await using RemoteFleet after = await RemoteFleet.ConnectAsync(OperatorFile.Load(Path.Combine(root, "operator.json")));
            Assert.All(await after.FindClientsAsync(new ClientFilter(), deadline.Token).ToListAsync(deadline.Token), client => Assert.Equal(ClientStatus.Offline, client.Status));

            IJob job = await after.StartJobAsync(new JobRequest
            {
                Target = Target.Clients(["back", "slow", "gone", "nobody"]),
                Command = MarkCommand.CommandName,
                Format = BodyFormat.Json,
                Arguments = Fleet.Json(new { word = "once", milliseconds = 0 }),
                DeliveryTimeout = TimeSpan.FromSeconds(12),
            }, deadline.Token);
            foreach (string name in (string[])["back", "slow"])
                clients.Add(await HostProcess.StartAsync("client", Path.Combine(root, name), Path.Combine(root, "home-" + name)));
            List<ResultRow> rows = await job.ReadRowsAsync(deadline.Token).ToListAsync(deadline.Token);

            Assert.Equal(
                [("back", CommandStatus.Succeeded), ("gone", CommandStatus.Offline), ("nobody", CommandStatus.Unknown), ("slow", CommandStatus.Succeeded)],
                rows.Select(row => (row.Client, row.Result.Status)).Order());
            foreach (string name in (string[])["back", "slow"])
                Assert.Equal("once", (await File.ReadAllTextAsync(Path.Combine(root, "home-" + name, "marks"), deadline.Token)).Trim());
        }
        finally
        {
            foreach (HostProcess process in clients.Append(server))
                await process.DisposeAsync();
        }

        Directory.Delete(root, recursive: true);
    }

    [Fact]
    public async Task A_client_that_was_gone_long_before_the_server_ended_is_offline_at_once()
    {
        var options = new PantryOptions
        {
            HeartbeatInterval = TimeSpan.FromMilliseconds(100),
            DeadAfter = TimeSpan.FromMilliseconds(500),
            SeenFlushInterval = TimeSpan.FromMilliseconds(100),
            ComeBackTime = TimeSpan.FromMinutes(10),
        };
        await using Fleet fleet = await Fleet.StartAsync(options, FixedPorts.Take(3));
        await (await fleet.AddAsync("old")).DisposeAsync();
        ClientAgent young = await fleet.AddAsync("young");
        await Fleet.EventuallyAsync(() => fleet.Info("young").LastSeen - fleet.Info("old").LastSeen > TimeSpan.FromSeconds(2), "the one to be there for longer than the other");
        await StopAsync(fleet, young);
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob job = await fleet.Server.Fleet.StartJobAsync(new JobRequest { Target = Target.All, Command = "Ping", DeliveryTimeout = TimeSpan.FromMinutes(10) }, deadline.Token);

        ResultRow row = await job.ReadRowsAsync(deadline.Token).FirstAsync(deadline.Token);

        Assert.Equal(("old", CommandStatus.Offline, "ClientOffline"), (row.Client, row.Result.Status, row.Result.Error!.Code));
        Assert.Equal(["young"], fleet.Server.Jobs.Find(job.Id)!.Waiting());
    }

    [Fact]
    public async Task Whoever_does_not_come_back_in_time_is_offline_however_long_the_order_may_be_on_its_way()
    {
        await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { ComeBackTime = TimeSpan.FromSeconds(1) }, FixedPorts.Take(3));
        await StopAsync(fleet, await fleet.AddAsync("one"));

        ResultRow row = Assert.Single(await fleet.RunAsync(new JobRequest { Target = Target.All, Command = "Ping", DeliveryTimeout = TimeSpan.FromMinutes(10) }));

        Assert.Equal((CommandStatus.Offline, "ClientOffline"), (row.Result.Status, row.Result.Error!.Code));
    }

    [Fact]
    public async Task One_that_came_back_and_went_again_is_offline_at_once()
    {
        await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { ComeBackTime = TimeSpan.FromMinutes(10) }, FixedPorts.Take(3));
        ClientAgent client = await fleet.AddAsync("one");
        await fleet.RestartServerAsync();
        // On both sides: a client that knows of no session says no goodbye, and may come back for all the server knows.
        await Fleet.EventuallyAsync(() => fleet.Info("one").Status == ClientStatus.Online && client.Status == ServiceStatus.Running, "the client to be back");
        await client.DisposeAsync();

        ResultRow row = Assert.Single(await fleet.RunAsync(new JobRequest { Target = Target.All, Command = "Ping", DeliveryTimeout = TimeSpan.FromMinutes(10) }));

        Assert.Equal((CommandStatus.Offline, "ClientOffline"), (row.Result.Status, row.Result.Error!.Code));
    }

    [Fact]
    public async Task When_a_client_was_last_there_is_known_after_a_restart_and_not_only_when_it_came()
    {
        var options = new PantryOptions { HeartbeatInterval = TimeSpan.FromMilliseconds(100), DeadAfter = TimeSpan.FromMilliseconds(500) };
        await using Fleet fleet = await Fleet.StartAsync(options, FixedPorts.Take(3));
        ClientAgent client = await fleet.AddAsync("one");
        DateTimeOffset came = fleet.Info("one").LastSeen!.Value;
        await Fleet.EventuallyAsync(() => fleet.Info("one").LastSeen - came > TimeSpan.FromSeconds(1), "the client to be there for a while");

        await StopAsync(fleet, client);

        Assert.True(fleet.Info("one").LastSeen - came > TimeSpan.FromSeconds(1), $"It came at {came:O}, and {fleet.Info("one").LastSeen:O} is known.");
    }

    // The server ends before the client does, and is there again after it.
    private static async Task StopAsync(Fleet fleet, ClientAgent client)
    {
        await fleet.Server.DisposeAsync();
        await client.DisposeAsync();
        await fleet.RestartServerAsync();
    }
}
