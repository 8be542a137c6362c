using Pantry.Client;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;
using Pantry.Tests.Faults;
using Pantry.Transport;

namespace Pantry.Tests.Jobs;

/// <summary>Jobs and their rows outlive the server, the console and the client.</summary>
public sealed class DurableJobTests
{
    [Fact]
    public async Task A_job_of_200_clients_goes_on_after_its_server_was_killed_and_ends_with_every_row_and_no_second_run()
    {
        string root = TestDirectory.Create();
        int[] ports = FixedPorts.Take(3);
        string[] arguments = ["server", Path.Combine(root, "server"), .. ports.Select(port => $"{port}"), Path.Combine(root, "operator.json")];
        HostProcess server = await HostProcess.StartAsync(arguments);
        await using RemoteFleet console = await RemoteFleet.ConnectAsync(OperatorFile.Load(Path.Combine(root, "operator.json")));
        var address = new ServerAddress("127.0.0.1", ports[0], ports[1]);
        var runs = new System.Collections.Concurrent.ConcurrentDictionary<string, int>();
        var kill = new TaskCompletionSource();
        await using SocketLoop loop = SocketLoop.Start("clients", 4096, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        var clients = new List<ClientAgent>();
        try
        {
            for (int i = 0; i < 200; i++)
                clients.Add(await StartAsync(await console.EnrolAsync(new Enrol($"h{i}", "shop", null, [], 0), default), address, root, loop, Commands($"h{i}", runs, i % 3 == 0 ? Task.CompletedTask : kill.Task)));
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(90));
            IJob job = await console.StartJobAsync(
                new JobRequest { Target = Target.OfStreams("shop"), Command = "Work", Plan = new RolloutPlan { BatchSize = new Share(100) } }, deadline.Token);
            Task<List<ResultRow>> reading = Task.Run(async () => await job.ReadRowsAsync(deadline.Token).ToListAsync(deadline.Token));
            await Fleet.EventuallyAsync(() => runs.Count >= 100, "half of the clients to be at work");

            await server.KillAsync();
            kill.SetResult();
            await server.DisposeAsync();
            server = await HostProcess.StartAsync(arguments);

            List<ResultRow> rows = await reading;
            Assert.Equal(200, rows.Select(row => row.Client).Distinct().Count());
            Assert.Equal(200, rows.Count);
            Assert.All(rows, row => Assert.Equal(CommandStatus.Succeeded, row.Result.Status));
            Assert.All(runs, run => Assert.Equal(1, run.Value));
        }
        finally
        {
            await Task.WhenAll(clients.Select(client => client.DisposeAsync().AsTask()));
            await server.DisposeAsync();
        }

        Directory.Delete(root, recursive: true);
    }

    [Fact]
    public async Task A_console_that_comes_later_finds_a_job_that_ended_long_ago_with_all_its_output()
    {
        await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { KeptJobs = 1 }, FixedPorts.Take(3));
        await fleet.AddAsync("a");
        await fleet.AddAsync("b");
        byte[] text = Fleet.Json(new { message = new string('x', 100_000) });
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob job = await fleet.Server.Fleet.StartJobAsync(new JobRequest { Target = Target.All, Command = "Echo", Format = BodyFormat.Json, Arguments = text }, deadline.Token);
        Assert.Equal(2, await job.ReadRowsAsync(deadline.Token).CountAsync(deadline.Token));
        await fleet.RunAsync(Target.All, "Ping");

        await fleet.RestartServerAsync();
        await using RemoteFleet console = await fleet.ConnectAsync();
        JobInfo found = await console.FindJobsAsync(new JobFilter { Command = "Ec*" }, deadline.Token).SingleAsync(deadline.Token);
        IJob opened = await console.OpenJobAsync(found.JobId, 0, deadline.Token);
        List<ResultRow> rows = await opened.ReadRowsAsync(deadline.Token).ToListAsync(deadline.Token);

        Assert.Equal((job.Id, PantryJobState.Ended, 2, 2), (found.JobId, found.State, found.Succeeded, found.Targets));
        Assert.Equal(["a", "b"], rows.Select(row => row.Client).Order());
        Assert.All(rows, row => Assert.Equal(100_000, Fleet.Text(row).Trim().Length));
        Assert.NotNull(found.EndedAt);
    }

    [Fact]
    public async Task A_result_that_its_client_could_not_send_before_it_was_killed_is_sent_by_its_next_run()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A POSIX shell is needed.");
        await using Fleet fleet = await Fleet.StartAsync();
        ClientConfiguration configuration = await fleet.ConfigurationAsync("phoenix");
        await using var proxy = new FaultProxy(fleet.Server.ReceivePort);
        string file = Path.Combine(fleet.Root, "enrollment"), gate = Path.Combine(fleet.Root, "gate"), done = Path.Combine(fleet.Root, "done");
        EnrollmentFile.Save(file, configuration.Enrollment! with { ReceivePort = proxy.Port });
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob job;
        await using (HostProcess client = await HostProcess.StartAsync("client", file, configuration.Path))
        {
            job = await fleet.Server.Fleet.StartJobAsync(Shell($"while ! test -e {gate}; do sleep 0.05; done; echo once >> {done}; echo $$"), deadline.Token);
            await Fleet.EventuallyAsync(() => fleet.Server.Jobs.Find(job.Id)!.Progress.OpenTargets().Any(target => target.Accepted), "the order to be taken");
            proxy.Pause();
            await File.WriteAllTextAsync(gate, "");
            await Fleet.EventuallyAsync(() => Journal(configuration.Path).Count == 1, "the result to be in the journal");
            await client.KillAsync();
        }

        proxy.Resume();
        await using HostProcess again = await HostProcess.StartAsync("client", file, configuration.Path);

        ResultRow row = await job.ReadRowsAsync(deadline.Token).SingleAsync(deadline.Token);
        Assert.Equal(CommandStatus.Succeeded, row.Result.Status);
        Assert.NotEmpty(Fleet.Text(row).Trim());
        Assert.Equal("once", (await File.ReadAllTextAsync(done, deadline.Token)).Trim());
        await Fleet.EventuallyAsync(() => Journal(configuration.Path).Count == 0, "the journal to forget the result");
    }

    [Fact]
    public async Task A_client_that_was_killed_in_the_middle_of_a_command_says_so_when_it_is_back_and_does_not_begin_again()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A POSIX shell is needed.");
        await using Fleet fleet = await Fleet.StartAsync();
        ClientConfiguration configuration = await fleet.ConfigurationAsync("victim");
        string file = Path.Combine(fleet.Root, "enrollment"), begun = Path.Combine(fleet.Root, "begun");
        EnrollmentFile.Save(file, configuration.Enrollment!);
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob job;
        await using (HostProcess client = await HostProcess.StartAsync("client", file, configuration.Path))
        {
            job = await fleet.Server.Fleet.StartJobAsync(Shell($"echo once >> {begun}; exec sleep 20"), deadline.Token);
            await Fleet.EventuallyAsync(() => File.Exists(begun), "the command to begin");
            await client.KillAsync();
        }

        await using HostProcess again = await HostProcess.StartAsync("client", file, configuration.Path);

        ResultRow row = await job.ReadRowsAsync(deadline.Token).SingleAsync(deadline.Token);
        Assert.Equal((CommandStatus.Lost, "ClientRestarted"), (row.Result.Status, row.Result.Error!.Code));
        Assert.Equal("once", (await File.ReadAllTextAsync(begun, deadline.Token)).Trim());
    }

    private static List<string> Journal(string home)
    {
        // It is made with the first order, which the client has acknowledged before that.
        string file = Path.Combine(home, "journal.db");
        if (!File.Exists(file))
            return [];
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={file};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using Microsoft.Data.Sqlite.SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM sqlite_master WHERE name = 'results'";
        if ((long)command.ExecuteScalar()! == 0)
            return []; // The file is just being made.
        command.CommandText = "SELECT job FROM results";
        using Microsoft.Data.Sqlite.SqliteDataReader reader = command.ExecuteReader();
        var jobs = new List<string>();
        while (reader.Read())
            jobs.Add(reader.GetString(0));
        return jobs;
    }

    private static JobRequest Shell(string line) => new() { Target = Target.All, Command = "Shell", Format = BodyFormat.Json, Arguments = Fleet.Json(new { line }) };

    private static CommandTable Commands(string name, System.Collections.Concurrent.ConcurrentDictionary<string, int> runs, Task until)
    {
        var commands = new CommandTable();
        commands.Add(new CountedCommand("Work", () => runs.AddOrUpdate(name, 1, (_, before) => before + 1), until));
        return commands;
    }

    private static Task<ClientAgent> StartAsync(Enrollment enrollment, ServerAddress address, string root, SocketLoop loop, CommandTable commands) => ClientAgent.StartAsync(
        new ClientConfiguration
        {
            Server = address,
            Labels = ClientLabels.Create(enrollment.Identity!, enrollment.Application, enrollment.Environment, enrollment.Roles),
            Path = Path.Combine(root, enrollment.Identity!),
            Enrollment = enrollment,
        },
        commands, loop);

    private sealed class CountedCommand(string name, Action begun, Task until) : ICommand
    {
        public string Name => name;

        public async Task<CommandOutcome> RunAsync(CommandContext context, CancellationToken cancellation)
        {
            begun();
            await until.WaitAsync(cancellation);
            return new CommandOutcome();
        }
    }
}
