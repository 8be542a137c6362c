using System.Diagnostics;
using Pantry.Client;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Targeting;
using Pantry.Tests.Attacks;
using Pantry.Tests.Faults;
using Pantry.Transport;

namespace Pantry.Tests.EndToEnd;

/// <summary>A console whose link comes and goes at bad moments keeps its jobs.</summary>
public sealed class ReattachTests
{
    private static readonly Result Done = new("job", CommandStatus.Succeeded, 0, null, BodyFormat.None, null, false, null, TimeSpan.Zero);

    [Fact]
    public async Task A_job_outlives_a_link_that_is_lost_or_a_server_that_is_slow_while_the_job_is_attached_anew()
    {
        int attached = 0, beats = 0;
        Message? Answer(Message message) => message.Head switch
        {
            Connect => new Message(MessageKind.Connected, new Connected("alice", "fleet", "1", DateTimeOffset.UtcNow, 0.1, 10)),
            StartJob => new Message(MessageKind.JobStarted, new JobStarted("job", ["a"])),
            Heartbeat when Interlocked.Increment(ref beats) == 2 => WhoAreYou(),
            AttachJob => Interlocked.Increment(ref attached) switch
            {
                1 => WhoAreYou(),
                2 => null,
                _ => new Message(MessageKind.JobStarted, new JobStarted("job", ["a"])),
            },
            RowsTaken when attached > 2 => new Message(MessageKind.Row, new Row("job", 0, "a", null, Done)),
            _ => null,
        };
        await using var server = new FalseServer(CurveKeyPair.Generate(), "fleet", Answer);
        using CurveKeyPair session = CurveKeyPair.Generate();
        using SigningKey signing = SigningKey.Generate();
        await using RemoteFleet console = await RemoteFleet.ConnectAsync(
            new OperatorCredentials
            {
                Name = "alice",
                Address = server.Address.Host,
                ReceivePort = server.Address.ReceivePort,
                ServerPublicKey = server.PublicKey.ToString(),
                Network = "fleet",
                SessionKey = Z85.Encode(session.Secret),
                SigningKey = signing.ToPem(null),
            },
            options: new PantryOptions { RequestTimeout = TimeSpan.FromMilliseconds(500), StopTimeout = TimeSpan.FromMilliseconds(200) });
        using var deadline = new CancellationTokenSource(Fleet.Deadline);

        IJob job = await console.StartJobAsync(new JobRequest { Target = Target.All, Command = "Ping" }, deadline.Token);
        ResultRow row = await job.ReadRowsAsync(deadline.Token).SingleAsync(deadline.Token);

        Assert.Equal(("a", CommandStatus.Succeeded, 3), (row.Client, row.Result.Status, attached));
    }

    [Fact]
    public async Task A_job_whose_server_was_killed_and_does_not_come_back_ends_with_an_error_that_names_the_job()
    {
        await using KilledServer killed = await KilledServer.StartAsync(new PantryOptions { ReattachTimeout = TimeSpan.FromSeconds(1) });
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob job = await killed.StartJobAsync(deadline.Token);

        await killed.Server.KillAsync();
        PantryException error = await Assert.ThrowsAsync<PantryException>(() => job.ReadRowsAsync(deadline.Token).ToListAsync(deadline.Token).AsTask());

        Assert.Equal(PantryErrorCode.ServerUnreachable, error.Code);
        Assert.Equal(job.Id, error.Target);
        Assert.Contains($"Job {job.Id}", error.Message, StringComparison.Ordinal);
        Assert.Contains("the job goes on there", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_no_longer_wants_to_wait_for_a_server_that_was_killed_is_let_go_at_once()
    {
        await using KilledServer killed = await KilledServer.StartAsync(new PantryOptions());
        using var given = new CancellationTokenSource();
        IJob job = await killed.StartJobAsync(given.Token);
        Task<List<ResultRow>> reading = job.ReadRowsAsync(given.Token).ToListAsync(given.Token).AsTask();
        await killed.Server.KillAsync();
        await Fleet.EventuallyAsync(() => killed.Console.Status == ServiceStatus.Reconnecting, "the link to be lost");
        Assert.False(reading.IsCompleted);

        long begun = Stopwatch.GetTimestamp();
        await given.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.WaitAsync(Fleet.Deadline));

        Assert.InRange(Stopwatch.GetElapsedTime(begun), TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_job_that_is_attached_anew_in_time_is_followed_for_as_long_as_it_takes()
    {
        var options = new PantryOptions { ReattachTimeout = TimeSpan.FromSeconds(3) };
        await using Fleet fleet = await Fleet.StartAsync();
        var finish = new TaskCompletionSource();
        var commands = new CommandTable();
        commands.Add(new WaitingCommand("Meet", finish.Task));
        await fleet.AddAsync("a", commands: commands);
        await using var proxy = new FaultProxy(fleet.Server.ReceivePort);
        await using RemoteFleet console = await fleet.ConnectAsync(fleet.Address with { ReceivePort = proxy.Port }, options);
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob job = await console.StartJobAsync(new JobRequest { Target = Target.All, Command = "Meet" }, deadline.Token);
        Task<List<ResultRow>> reading = job.ReadRowsAsync(deadline.Token).ToListAsync(deadline.Token).AsTask();

        long cut = Stopwatch.GetTimestamp();
        proxy.CutAll();
        await Fleet.EventuallyAsync(() => Stopwatch.GetElapsedTime(cut) > options.ReattachTimeout * 1.5, "the time in which it is attached");
        Assert.False(reading.IsCompleted, "it was given up");
        finish.SetResult();

        Assert.Equal(CommandStatus.Succeeded, Assert.Single(await reading).Result.Status);
    }

    /// <summary>A server in a process of its own, to be killed, with a client that works on a job without end.</summary>
    private sealed class KilledServer(string root, HostProcess server, RemoteFleet console, ClientAgent client) : IAsyncDisposable
    {
        public HostProcess Server => server;

        public RemoteFleet Console => console;

        public static async Task<KilledServer> StartAsync(PantryOptions options)
        {
            string root = TestDirectory.Create();
            string file = Path.Combine(root, "operator.json");
            HostProcess server = await HostProcess.StartAsync("server", Path.Combine(root, "server"), "0", "0", "0", file);
            RemoteFleet console = await RemoteFleet.ConnectAsync(OperatorFile.Load(file), options: options);
            Enrollment enrollment = await console.EnrolAsync(new Enrol("a", null, null, [], 0), default);
            var commands = new CommandTable();
            commands.Add(new WaitingCommand("Meet", new TaskCompletionSource().Task));
            ClientAgent client = await ClientAgent.StartAsync(
                new ClientConfiguration
                {
                    Server = new ServerAddress(enrollment.Address, enrollment.PublishPort, enrollment.ReceivePort),
                    Labels = ClientLabels.Create("a", null, null, []),
                    Path = Path.Combine(root, "client"),
                    Enrollment = enrollment,
                },
                commands);
            return new KilledServer(root, server, console, client);
        }

        public Task<IJob> StartJobAsync(CancellationToken cancellation) =>
            console.StartJobAsync(new JobRequest { Target = Target.All, Command = "Meet" }, cancellation);

        public async ValueTask DisposeAsync()
        {
            await console.DisposeAsync();
            await client.DisposeAsync();
            await server.DisposeAsync();
            Directory.Delete(root, recursive: true);
        }
    }

    // What a server says that wants to hear anew who this is: all that is under way on the link is lost with it.
    private static Message WhoAreYou() => new(MessageKind.Refused, new Refused(nameof(PantryErrorCode.NotConnected), "Who are you?"));
}
