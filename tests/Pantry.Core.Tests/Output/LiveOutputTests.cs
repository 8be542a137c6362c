using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;
using Pantry.Tests.Faults;

namespace Pantry.Tests.Output;

/// <summary>What commands write comes while they run, through a real server and real child processes.</summary>
public sealed class LiveOutputTests
{
    public static bool NotOnLinux => !OperatingSystem.IsLinux();

    [Theory(SkipWhen = nameof(NotOnLinux), Skip = "A POSIX shell is needed.")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_a_command_writes_comes_before_it_ends(bool overTheNetwork)
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("a");
        await using RemoteFleet? console = overTheNetwork ? await fleet.ConnectAsync() : null;
        string first = Path.Combine(fleet.Root, "first"), second = Path.Combine(fleet.Root, "second");

        IJob job = await ((IFleet?)console ?? fleet.Server.Fleet).StartJobAsync(
            LiveFleet.Shell($"echo one; echo wrong >&2; while [ ! -e {first} ]; do sleep 0.02; done; printf 'name? '; while [ ! -e {second} ]; do sleep 0.02; done; echo two"), default);
        var output = new Transcript(job.Targets);
        Task<(Transcript, IReadOnlyDictionary<string, ResultRow> Rows)> reading = LiveFleet.ReadAsync(job, output);

        await Fleet.EventuallyAsync(() => output.Text("a") == "one\n" && output.Text("a", Result.StandardErrorBody) == "wrong\n", "the first line and the error");
        await File.WriteAllTextAsync(first, "", TestContext.Current.CancellationToken);
        await Fleet.EventuallyAsync(() => output.Text("a") == "one\nname? ", "a question, which ends no line");
        Assert.False(reading.IsCompleted);
        await File.WriteAllTextAsync(second, "", TestContext.Current.CancellationToken);

        Assert.Equal("one\nname? two\n", Fleet.Text((await reading).Rows["a"]));
        Assert.All(output.Pieces, piece => Assert.InRange(piece.Head.At, DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow));
    }

    [Fact(SkipWhen = nameof(NotOnLinux), Skip = "A POSIX shell is needed.")]
    public async Task Much_output_comes_whole_in_pieces_that_end_with_lines()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("a");

        IJob job = await fleet.Server.Fleet.StartJobAsync(LiveFleet.Shell("seq 1 150000; sleep 0.3; seq 1 50000 >&2"), default);
        (Transcript output, _) = await LiveFleet.ReadAsync(job);

        Assert.True(output.Pieces.Count > 50);
        Assert.All(output.Pieces, piece => Assert.Equal((byte)'\n', piece.Bytes[^1]));
    }

    [Fact(SkipWhen = nameof(NotOnLinux), Skip = "A POSIX shell is needed.")]
    public async Task Output_without_end_hits_a_cap_that_is_shown()
    {
        await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { OutputBytes = 100_000 });
        await fleet.AddAsync("a");
        string go = Path.Combine(fleet.Root, "go");

        IJob job = await fleet.Server.Fleet.StartJobAsync(LiveFleet.Shell($"yes & while [ ! -e {go} ]; do sleep 0.02; done; kill $!"), default);
        var output = new Transcript(job.Targets);
        Task<(Transcript, IReadOnlyDictionary<string, ResultRow> Rows)> reading = LiveFleet.ReadAsync(job, output);
        await Fleet.EventuallyAsync(() => output.Pieces.Any(piece => piece.Head.Truncated), "that the rest is left out");
        Assert.False(reading.IsCompleted);
        await File.WriteAllTextAsync(go, "", TestContext.Current.CancellationToken);

        ResultRow row = (await reading).Rows["a"];
        Assert.True(row.Result.Truncated);
        Assert.Equal(100_000, output.Text("a").Length);
        Assert.Single(output.Pieces, piece => piece.Head.Truncated);
    }

    [Fact(SkipWhen = nameof(NotOnLinux), Skip = "A POSIX shell is needed.")]
    public async Task A_host_that_prints_without_end_holds_up_neither_the_rows_nor_the_output_of_others()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        string[] others = [.. Enumerable.Range(0, 20).Select(i => $"h{i}")];
        await fleet.AddAsync("noisy", commands: TalkCommand.On("yes"));
        foreach (string other in others)
            await fleet.AddAsync(other, commands: TalkCommand.On("for i in 1 2 3; do echo $i; sleep 0.1; done"));
        await using RemoteFleet console = await fleet.ConnectAsync();

        IJob job = await console.StartJobAsync(TalkCommand.Order(), TestContext.Current.CancellationToken);
        var output = new Transcript(job.Targets);
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        Task reading = output.ReadAsync(job, deadline.Token);
        List<ResultRow> rows = await job.ReadRowsAsync(deadline.Token).Take(20).ToListAsync(deadline.Token);

        // It still prints, and every other one is done and has been seen.
        Assert.Equal(others.Order(), rows.Select(row => row.Client).Order());
        await Fleet.EventuallyAsync(() => others.All(other => output.Text(other) == "1\n2\n3\n"), "the others' output");
        Assert.Null(fleet.Server.Jobs.Find(job.Id)!.Rows.Heads().FirstOrDefault(row => row.Client == "noisy"));
        await job.CancelAsync();
        await reading;
    }

    [Fact(SkipWhen = nameof(NotOnLinux), Skip = "A POSIX shell is needed.")]
    public async Task Where_one_has_much_to_be_read_each_of_the_others_has_its_turn_first()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        string[] others = [.. Enumerable.Range(0, 20).Select(i => $"h{i}")];
        await fleet.AddAsync("noisy", commands: TalkCommand.On("yes | head -c 3000000"));
        foreach (string other in others)
            await fleet.AddAsync(other, commands: TalkCommand.On("echo hello"));
        IJob job = await fleet.Server.Fleet.StartJobAsync(TalkCommand.Order(), TestContext.Current.CancellationToken);
        Assert.Equal(21, await job.ReadRowsAsync(TestContext.Current.CancellationToken).CountAsync(TestContext.Current.CancellationToken));

        // Nobody has read until now: the backlog of one is far more than a page.
        OutputPage first = await job.ReadOutputAsync([], TestContext.Current.CancellationToken).FirstAsync(TestContext.Current.CancellationToken);

        Assert.Equal(others.Order(), first.Pieces.Where(piece => job.Targets[piece.Head.Target] != "noisy").Select(piece => job.Targets[piece.Head.Target]).Order());
        Assert.Contains(first.Pieces, piece => job.Targets[piece.Head.Target] == "noisy");
    }

    [Fact(SkipWhen = nameof(NotOnLinux), Skip = "A POSIX shell is needed.")]
    public async Task A_console_that_does_not_read_holds_up_nothing_and_goes_on_where_it_stopped()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("a");
        await using RemoteFleet console = await fleet.ConnectAsync();
        IJob job = await console.StartJobAsync(LiveFleet.Shell("seq 1 200000"), TestContext.Current.CancellationToken);
        var output = new Transcript(job.Targets);
        IAsyncEnumerator<OutputPage> pages = job.ReadOutputAsync([], TestContext.Current.CancellationToken).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        await pages.MoveNextAsync();
        output.Add(pages.Current);

        ResultRow row = await job.ReadRowsAsync(TestContext.Current.CancellationToken).SingleAsync(TestContext.Current.CancellationToken);
        while (await pages.MoveNextAsync())
            output.Add(pages.Current);
        await pages.DisposeAsync();

        Assert.Equal(Fleet.Text(row), output.Text("a"));
    }

    [Fact(SkipWhen = nameof(NotOnLinux), Skip = "A POSIX shell is needed.")]
    public async Task Another_console_goes_on_where_one_has_stopped_before_and_after_the_jobs_end()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("a");
        await fleet.AddAsync("b");
        string go = Path.Combine(fleet.Root, "go");
        var output = new Transcript(["a", "b"]);
        IJob job;
        await using (RemoteFleet first = await fleet.ConnectAsync())
        {
            job = await first.StartJobAsync(LiveFleet.Shell($"echo one; while [ ! -e {go} ]; do sleep 0.02; done; echo two"), TestContext.Current.CancellationToken);
            Assert.Equal(["a", "b"], job.Targets.Order());
            output = new Transcript(job.Targets);
            await foreach (OutputPage page in job.ReadOutputAsync([], TestContext.Current.CancellationToken))
            {
                output.Add(page);
                if (output.Pieces.Count == 2)
                    break;
            }
        }

        await using RemoteFleet second = await fleet.ConnectAsync();
        IJob opened = await second.OpenJobAsync(job.Id, 0, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(go, "", TestContext.Current.CancellationToken);
        (_, IReadOnlyDictionary<string, ResultRow> rows) = await LiveFleet.ReadAsync(opened, output);
        Assert.Equal(2, rows.Count);

        // All of it again, from what is on the disk alone.
        await fleet.RestartServerAsync();
        IJob again = await fleet.Server.Fleet.OpenJobAsync(job.Id, 0, TestContext.Current.CancellationToken);
        (Transcript whole, _) = await LiveFleet.ReadAsync(again);
        Assert.Equal(output.Pieces.Select(piece => (piece.Head.Target, piece.Head.Sequence)).Order(), whole.Pieces.Select(piece => (piece.Head.Target, piece.Head.Sequence)).Order());
    }

    [Fact(SkipWhen = nameof(NotOnLinux), Skip = "A POSIX shell is needed.")]
    public async Task A_secret_that_is_written_in_two_goes_is_masked()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("a");
        string go = Path.Combine(fleet.Root, "go");
        IJob job = await fleet.Server.Fleet.StartJobAsync(
            LiveFleet.Shell($"printf 'the key is %.9s' \"$KEY\"; while [ ! -e {go} ]; do sleep 0.02; done; printf '%s\\nand again ' \"${{KEY#?????????}}\"; echo \"$KEY\"", Target.Clients(["a"])) with
            {
                Secrets = new Dictionary<string, byte[]> { ["KEY"] = "canary-7Zq4vT-Wx9"u8.ToArray() },
            },
            TestContext.Current.CancellationToken);
        var output = new Transcript(job.Targets);
        Task<(Transcript, IReadOnlyDictionary<string, ResultRow> Rows)> reading = LiveFleet.ReadAsync(job, output);
        await Fleet.EventuallyAsync(() => output.Text("a") == "the key is ", "what is decided");
        await File.WriteAllTextAsync(go, "", TestContext.Current.CancellationToken);

        Assert.Equal($"the key is {SecretRedactor.Mask}\nand again {SecretRedactor.Mask}\n", Fleet.Text((await reading).Rows["a"]));
    }

    [Fact]
    public async Task A_job_that_was_not_sent_to_be_watched_has_no_live_output()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("a");
        await using RemoteFleet console = await fleet.ConnectAsync();
        IJob job = await console.StartJobAsync(new JobRequest { Target = Target.All, Command = "Ping", Format = BodyFormat.Json }, TestContext.Current.CancellationToken);

        PantryException refused = await Assert.ThrowsAsync<PantryException>(async () => await job.ReadOutputAsync([], default).FirstAsync());

        Assert.Equal(PantryErrorCode.InvalidArgument, refused.Code);
        Assert.Contains("-Live", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_that_writes_nothing_before_its_end_has_its_output_in_pieces_too()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("a");
        IJob job = await fleet.Server.Fleet.StartJobAsync(
            new JobRequest { Target = Target.Clients(["a", "nobody"]), Command = "Echo", Format = BodyFormat.Json, Arguments = Fleet.Json(new { message = "hello" }), Plan = RolloutPlan.AtOnce with { Live = true } }, default);

        (Transcript output, _) = await LiveFleet.ReadAsync(job);

        Assert.Equal("hello", output.Text("a"));
        Assert.Single(output.Pieces);
    }

    [Fact(SkipWhen = nameof(NotOnLinux), Skip = "A POSIX shell is needed.")]
    public async Task Links_that_are_cut_again_and_again_lose_and_repeat_nothing()
    {
        await using Fleet fleet = await Fleet.StartAsync(FaultFleet.Options);
        await using var client = new FaultProxy(fleet.Server.ReceivePort);
        await using var operators = new FaultProxy(fleet.Server.ReceivePort);
        await fleet.AddAsync("a", through: fleet.Address with { ReceivePort = client.Port });
        await using RemoteFleet console = await fleet.ConnectAsync(fleet.Address with { ReceivePort = operators.Port });

        IJob job = await console.StartJobAsync(LiveFleet.Shell("for i in $(seq 1 60); do seq $i 200; sleep 0.05; done; seq 1 60000; sleep 0.5"), default);
        var output = new Transcript(job.Targets);
        Task<(Transcript, IReadOnlyDictionary<string, ResultRow> Rows)> reading = LiveFleet.ReadAsync(job, output);
        for (int cut = 1; !reading.IsCompleted && cut < 8; cut++)
        {
            int seen = output.Pieces.Count;
            await Fleet.EventuallyAsync(() => reading.IsCompleted || output.Pieces.Count > seen, "more output");
            (cut % 2 == 0 ? client : operators).CutAll();
        }

        Assert.Equal(CommandStatus.Succeeded, (await reading).Rows["a"].Result.Status);
        Assert.True(client.Accepted > 2 && operators.Accepted > 2);
    }

    [Fact(SkipWhen = nameof(NotOnLinux), Skip = "A POSIX shell is needed.")]
    public async Task A_server_that_is_killed_in_the_middle_loses_and_repeats_nothing()
    {
        await using FaultFleet fleet = await FaultFleet.StartAsync(3, processes: 0);
        IJob job = await fleet.Console.StartJobAsync(LiveFleet.Shell("for i in $(seq 1 100); do seq $i 150; sleep 0.05; done"), default);
        var output = new Transcript(job.Targets);
        Task<(Transcript, IReadOnlyDictionary<string, ResultRow> Rows)> reading = LiveFleet.ReadAsync(job, output);
        foreach (int _ in Enumerable.Range(0, 2))
        {
            int seen = output.Pieces.Count;
            await Fleet.EventuallyAsync(() => output.Pieces.Count > seen + 6, "more output");
            await fleet.KillServerAsync(TimeSpan.FromMilliseconds(200));
        }

        IReadOnlyDictionary<string, ResultRow> rows = (await reading).Rows;
        Assert.All(rows.Values, row => Assert.Equal(CommandStatus.Succeeded, row.Result.Status));
    }

    [Fact(SkipWhen = nameof(NotOnLinux), Skip = "A POSIX shell is needed.")]
    public async Task What_a_client_wrote_before_it_was_killed_is_there()
    {
        await using FaultFleet fleet = await FaultFleet.StartAsync(1, processes: 1);
        IJob job = await fleet.Console.StartJobAsync(LiveFleet.Shell("echo before the end; sleep 60"), default);
        var output = new Transcript(job.Targets);
        Task reading = output.ReadAsync(job, new CancellationTokenSource(TimeSpan.FromMinutes(2)).Token);
        await Fleet.EventuallyAsync(() => output.Text("h0") == "before the end\n", "its output");

        await fleet.Clients[0].KillAsync(TimeSpan.FromMilliseconds(200));
        ResultRow row = await job.ReadRowsAsync(TestContext.Current.CancellationToken).SingleAsync(TestContext.Current.CancellationToken);
        await reading.WaitAsync(Fleet.Deadline, TestContext.Current.CancellationToken);

        Assert.Equal((CommandStatus.Lost, ""), (row.Result.Status, Fleet.Text(row)));
        var again = new Transcript(job.Targets);
        await again.ReadAsync(await fleet.Console.OpenJobAsync(job.Id, 0, default), TestContext.Current.CancellationToken);
        Assert.Equal("before the end\n", again.Text("h0"));
    }

    [Fact]
    public async Task Pieces_of_what_a_client_was_not_asked_for_are_refused_and_harm_nobody()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using RawPeer peer = await fleet.AddRawAsync("raw");
        await fleet.AddAsync("a");
        IJob job = await fleet.Server.Fleet.StartJobAsync(LiveFleet.Shell("sleep 600", Target.Clients(["a"])), default);

        peer.Send(new Message(MessageKind.OutputPiece, new OutputPiece(job.Id, 0, 0, 0, 0)) { Bodies = ["false\n"u8.ToArray()] });
        Assert.Equal("The job has no such target.", peer.ReceiveRefusal().Refused.Message);
        foreach (OutputPiece unsound in (OutputPiece[])[new(job.Id, -1, 0, 0, 0), new(job.Id, 0, 1, 0, 0), new(job.Id, 0, 0, 3, 0), new(job.Id, 0, 0, 0, -1), new(job.Id, 0, 0, 0, 0, TextEncoding: new string('x', 100))])
        {
            peer.Send(new Message(MessageKind.OutputPiece, unsound) { Bodies = [[1]] });
            Assert.Contains("piece", peer.ReceiveRefusal().Refused.Message, StringComparison.Ordinal);
        }

        peer.Send(new Message(MessageKind.OutputPiece, new OutputPiece(job.Id, 0, 0, 0, 0)) { Bodies = [new byte[40_000]] });
        Assert.Contains("piece", peer.ReceiveRefusal().Refused.Message, StringComparison.Ordinal);
        peer.Send(new Message(MessageKind.OutputPiece, new OutputPiece("long ended", 7, 0, 0, 0)) { Bodies = [[1]] });
        Assert.Equal(8, peer.Receive(MessageKind.OutputStored).HeadAs<OutputStored>().Next);

        await job.CancelAsync();
        (Transcript output, _) = await LiveFleet.ReadAsync(job);
        Assert.Empty(output.Pieces);
    }
}
