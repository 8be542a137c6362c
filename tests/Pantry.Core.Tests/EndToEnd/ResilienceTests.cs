using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Pantry.Client;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Server;
using Pantry.Targeting;
using Pantry.Tests.Faults;
using Pantry.Transport;

namespace Pantry.Tests.EndToEnd;

[Collection(nameof(ResilienceTests))]
[CollectionDefinition(nameof(ResilienceTests), DisableParallelization = true)]
public sealed class ResilienceTests : IDisposable
{
    private readonly string _root = TestDirectory.Create();

    // After the processes that have their directories there.
    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task A_second_client_with_the_identity_is_refused_and_the_first_keeps_working()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        ClientAgent first = await fleet.AddAsync("twin");

        var error = await Assert.ThrowsAsync<PantryException>(() => fleet.AddAsync("TWIN"));

        Assert.Equal(PantryErrorCode.IdentityInUse, error.Code);
        Assert.Contains(first.PublicKey.Fingerprint, error.Message, StringComparison.Ordinal);
        Assert.Equal(ServiceStatus.Running, first.Status);
        Assert.Equal(CommandStatus.Succeeded, Assert.Single(await fleet.RunAsync(Target.Clients(["twin"]), "Ping")).Result.Status);
    }

    [Fact]
    public async Task A_client_that_was_killed_can_be_started_again_at_once_under_its_name()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        ClientConfiguration phoenix = await fleet.ConfigurationAsync("phoenix");
        await using (HostProcess killed = await ClientProcess(fleet, phoenix))
            await killed.KillAsync();

        await fleet.StartAsync(phoenix);

        Assert.Equal(CommandStatus.Succeeded, Assert.Single(await fleet.RunAsync(Target.Clients(["phoenix"]), "Ping")).Result.Status);
    }

    [Fact]
    public async Task Clients_and_server_in_processes_of_their_own_behave_as_in_one()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A POSIX shell is needed.");
        string credentials = Path.Combine(_root, "operator.json");
        await using HostProcess server = await HostProcess.StartAsync("server", Path.Combine(_root, "server"), "0", "0", "0", credentials);
        await using RemoteFleet remote = await RemoteFleet.ConnectAsync(OperatorFile.Load(credentials) with { Address = "localhost" });
        foreach (string name in (string[])["one", "two"])
            EnrollmentFile.Save(Path.Combine(_root, name), await remote.EnrolAsync(new Enrol(name, "shop", null, [], 0), default));
        await using HostProcess one = await HostProcess.StartAsync("client", Path.Combine(_root, "one"), Path.Combine(_root, "home-one"));
        await using HostProcess two = await HostProcess.StartAsync("client", Path.Combine(_root, "two"), Path.Combine(_root, "home-two"));

        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob job = await remote.StartJobAsync(
            new JobRequest { Target = Target.OfStreams("shop"), Command = "Shell", Format = BodyFormat.Json, Arguments = Fleet.Json(new { line = "echo $PPID" }) }, deadline.Token);
        var processes = new List<string>();
        await foreach (ResultRow row in job.ReadRowsAsync(deadline.Token))
            processes.Add(Fleet.Text(row).Trim());

        Assert.Equal(new[] { one.Id, two.Id }.Order().Select(id => id.ToString(System.Globalization.CultureInfo.InvariantCulture)), processes.OrderBy(int.Parse));
    }

    [Fact]
    public async Task A_killed_client_shows_offline_within_thirty_seconds_and_its_row_says_so()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A POSIX shell is needed.");
        await using Fleet fleet = await Fleet.StartAsync();
        await using HostProcess client = await ClientProcess(fleet, await fleet.ConfigurationAsync("victim"));
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(40));
        IJob job = await fleet.Server.Fleet.StartJobAsync(
            new JobRequest { Target = Target.All, Command = "Shell", Format = BodyFormat.Json, Arguments = Fleet.Json(new { line = "exec sleep 45" }) }, deadline.Token);
        await Fleet.EventuallyAsync(() => fleet.Server.Jobs.Find(job.Id)!.Progress.OpenTargets().Any(target => target.Accepted), "the order to be taken");

        await client.KillAsync();
        long killed = Stopwatch.GetTimestamp();

        ResultRow row = await FirstAsync(job, deadline.Token);
        TestContext.Current.TestOutputHelper!.WriteLine($"Offline after {Stopwatch.GetElapsedTime(killed).TotalSeconds:0.0} s");
        Assert.True(Stopwatch.GetElapsedTime(killed) < TimeSpan.FromSeconds(30));
        Assert.Equal((CommandStatus.Offline, "WentOffline"), (row.Result.Status, row.Result.Error!.Code));
        Assert.Equal(ClientStatus.Offline, fleet.Info("victim").Status);
        Assert.Equal("ClientOffline", Assert.Single(await fleet.RunAsync(Target.All, "Ping")).Result.Error!.Code);
    }

    [Fact]
    public async Task After_a_restart_of_the_server_its_clients_and_operators_come_back_by_themselves_and_without_duplicates()
    {
        await using Fleet fleet = await Fleet.StartAsync(ports: FixedPorts.Take(3));
        for (int i = 0; i < 20; i++)
            await fleet.AddAsync($"host{i:00}", "shop");
        await using RemoteFleet remote = await fleet.ConnectAsync();

        await fleet.RestartServerAsync();

        await Fleet.EventuallyAsync(() => fleet.Server.Registry.List(new ClientFilter { Status = ClientStatus.Online }).Count == 20, "all clients to come back");
        await Fleet.EventuallyAsync(() => remote.Status == ServiceStatus.Running, "the operator to come back");
        List<ResultRow> rows = await fleet.RunAsync(Target.OfStreams("shop"), "Ping", fleet: remote);
        Assert.Equal(20, rows.Count);
        Assert.All(rows, row => Assert.Equal(CommandStatus.Succeeded, row.Result.Status));
    }

    [Fact]
    public async Task A_link_that_is_cut_while_a_command_runs_costs_neither_the_result_nor_a_second_run()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        var finish = new TaskCompletionSource();
        var commands = new Pantry.Commands.CommandTable();
        int runs = 0;
        commands.Add(new WaitingCommand("Meet", finish.Task));
        commands.Add(new CountingCommand("Count", () => Interlocked.Increment(ref runs), () => { }));
        await using var proxy = new FaultProxy(fleet.Server.ReceivePort);
        await fleet.AddAsync("a", commands: commands, through: fleet.Address with { ReceivePort = proxy.Port });
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob job = await fleet.Server.Fleet.StartJobAsync(new JobRequest { Target = Target.All, Command = "Meet" }, deadline.Token);
        await Fleet.EventuallyAsync(() => fleet.Clients[0].RunningJobs == 1, "the command to run");

        proxy.CutAll();
        finish.SetResult();

        Assert.Equal(CommandStatus.Succeeded, (await FirstAsync(job, deadline.Token)).Result.Status);
        for (int i = 0; i < 10; i++)
        {
            proxy.CutAll();
            Assert.Equal(CommandStatus.Succeeded, Assert.Single(await fleet.RunAsync(Target.All, "Count")).Result.Status);
        }

        Assert.Equal(10, runs);
    }

    [Fact]
    public async Task A_server_that_falls_silent_is_noticed_and_dialled_again()
    {
        var options = new PantryOptions { HeartbeatInterval = TimeSpan.FromMilliseconds(200), DeadAfter = TimeSpan.FromMilliseconds(900) };
        await using Fleet fleet = await Fleet.StartAsync(options);
        await using var proxy = new FaultProxy(fleet.Server.ReceivePort);
        await fleet.AddAsync("a", through: fleet.Address with { ReceivePort = proxy.Port });
        int before = proxy.Accepted;

        proxy.Pause();
        await Fleet.EventuallyAsync(() => fleet.Info("a").Status == ClientStatus.Offline, "the server to miss the client");
        await Fleet.EventuallyAsync(() => proxy.Accepted > before, "the client to dial again");
        proxy.Resume();

        await Fleet.EventuallyAsync(() => fleet.Info("a").Status == ClientStatus.Online, "the client to be back");
    }

    [Fact]
    public async Task Two_hundred_starts_and_stops_on_fixed_ports_leave_nothing_behind()
    {
        int[] ports = FixedPorts.Take(3);
        await CycleAsync(_root, ports); // What the runtime and NetMQ make once and keep.
        await CycleAsync(_root, ports);
        (int threads, int handles) before = Footprint();

        for (int i = 0; i < 200; i++)
            await CycleAsync(_root, ports);

        (int threads, int handles) after = before;
        await Fleet.EventuallyAsync(
            () =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                after = Footprint();
                return after.threads <= before.threads && after.handles <= before.handles + 20;
            },
            "threads and handles to be back where they were");
        TestContext.Current.TestOutputHelper!.WriteLine($"threads {before.threads} -> {after.threads}, handles {before.handles} -> {after.handles}");
        foreach (int port in ports)
        {
            var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            listener.Stop();
        }
    }

    [Fact]
    public async Task A_client_taken_off_the_list_stops_and_one_that_unregisters_is_off_the_list()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        ClientAgent one = await fleet.AddAsync("one");
        ClientAgent two = await fleet.AddAsync("two");

        await fleet.Server.Fleet.DecideAsync(new DecideClient(ClientDecision.Remove, "one", null), default);
        await two.StopAsync(forget: true);

        await Fleet.EventuallyAsync(() => one.Status == ServiceStatus.Stopped, "the client to stop");
        await Fleet.EventuallyAsync(() => fleet.Server.Registry.List(new ClientFilter()).Count == 0, "the list to be empty");
    }

    [Fact]
    public async Task Stopping_the_server_ends_the_rows_of_its_jobs()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A POSIX shell is needed.");
        Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("a");
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob job = await fleet.Server.Fleet.StartJobAsync(
            new JobRequest { Target = Target.All, Command = "Shell", Format = BodyFormat.Json, Arguments = Fleet.Json(new { line = "sleep 60" }) }, deadline.Token);
        await Fleet.EventuallyAsync(() => fleet.Clients[0].RunningJobs == 1, "the command to run");

        await fleet.DisposeAsync();

        Assert.NotEqual(CommandStatus.Succeeded, (await FirstAsync(job, deadline.Token)).Result.Status);
    }

    private static async Task<ResultRow> FirstAsync(IJob job, CancellationToken deadline)
    {
        await foreach (ResultRow row in job.ReadRowsAsync(deadline))
            return row;
        throw new InvalidOperationException("The job has no row.");
    }

    private static Task<HostProcess> ClientProcess(Fleet fleet, ClientConfiguration configuration)
    {
        string file = Path.Combine(fleet.Root, configuration.Enrollment!.Id);
        EnrollmentFile.Save(file, configuration.Enrollment);
        return HostProcess.StartAsync("client", file, configuration.Path);
    }

    private static async Task CycleAsync(string root, int[] ports)
    {
        await using ServerHost server = await ServerHost.StartAsync(
            new ServerConfiguration { Path = Path.Combine(root, "server"), PublishPort = ports[0], ReceivePort = ports[1], FilePort = ports[2] });
        await using ClientAgent one = await StartClientAsync(server, "one", root);
        await using ClientAgent two = await StartClientAsync(server, "two", root);
        IJob job = await server.Fleet.StartJobAsync(new JobRequest { Target = Target.All, Command = "Ping" }, default);
        Assert.Equal(2, await job.ReadRowsAsync(new CancellationTokenSource(Fleet.Deadline).Token).CountAsync());
    }

    private static async Task<ClientAgent> StartClientAsync(ServerHost server, string identity, string root)
    {
        string home = Path.Combine(root, identity);
        return await ClientAgent.StartAsync(new ClientConfiguration
        {
            Server = new ServerAddress("127.0.0.1", server.PublishPort, server.ReceivePort),
            Labels = ClientLabels.Create(identity, null, null, null),
            Path = home,
            Enrollment = Directory.Exists(home) ? null : await server.Fleet.EnrolAsync(new Enrol(identity, null, null, [], 0), default),
        });
    }

    /// <summary>Handles, and threads but for the runtime's own pool, which grows and shrinks as it likes.</summary>
    private static (int Threads, int Handles) Footprint()
    {
        if (OperatingSystem.IsLinux())
        {
            int threads = Directory.GetDirectories("/proc/self/task").Count(task => !NameOf(task).StartsWith(".NET", StringComparison.Ordinal));
            return (threads, Directory.GetFileSystemEntries("/proc/self/fd").Length);
        }

        using var process = Process.GetCurrentProcess();
        return (Math.Max(0, process.Threads.Count - ThreadPool.ThreadCount), process.HandleCount);
    }

    private static string NameOf(string task)
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, "comm"));
        }
        catch (IOException)
        {
            return ".NET, ended meanwhile";
        }
    }
}
