using Pantry.Client;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server;
using Pantry.Targeting;

namespace Pantry.Tests.EndToEnd;

/// <summary>What one peer sends harms no other.</summary>
public sealed class HarmTests
{
    [Fact]
    public async Task A_flood_of_claims_on_an_identity_neither_cuts_off_its_holder_nor_gets_the_identity()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        ClientAgent honest = await fleet.AddAsync("honest");
        ServerSession session = fleet.Server.Registry.Find("honest")!.Session!;
        // A copy of the client's own key: nobody else gets as far as to claim its identity.
        using CurveKeyPair stolen = CurveKeyFile.Load(Path.Combine(honest.Configuration.Path, "client.key"));
        using RawPeer thief = RawPeer.Connect(fleet.Server.ReceivePort, stolen, fleet.Server.PublicKey);
        for (int i = 0; i < 20_000; i++)
            thief.Send(new Message(MessageKind.Register, Fleet.NewRegister("honest"), 1));
        await fleet.AddAsync("last");
        await Fleet.EventuallyAsync(() => fleet.Server.Statistics().MessagesDropped.ContainsKey("IdentityInUse"), "the claims to be refused");

        Assert.False(session.Closed);
        Assert.Same(session, fleet.Server.Registry.Find("honest")!.Session);
    }

    [Fact]
    public async Task A_claim_on_the_identity_of_a_silent_holder_is_decided_though_others_claim_it_again_and_again()
    {
        var options = new PantryOptions { ProbeTimeout = TimeSpan.FromMilliseconds(600) };
        await using Fleet fleet = await Fleet.StartAsync(options);
        using CurveKeyPair key = await fleet.EnrolKeyAsync("a");
        using RawPeer silent = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey);
        silent.Send(new Message(MessageKind.Register, Fleet.NewRegister("a"), 1));
        await Fleet.EventuallyAsync(() => fleet.Server.Registry.Find("a")?.Session is not null, "the holder");
        ServerSession holder = fleet.Server.Registry.Find("a")!.Session!;
        using RawPeer claimant = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey);

        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        for (int i = 0; i < 30 && fleet.Server.Registry.Find("a")!.Session == holder; i++)
        {
            claimant.Send(new Message(MessageKind.Register, Fleet.NewRegister("a"), 1));
            await tick.WaitForNextTickAsync();
        }

        Assert.NotSame(holder, fleet.Server.Registry.Find("a")!.Session);
    }

    [Theory]
    [InlineData('x', 9_000_000)]
    [InlineData('<', 4_000_000)]
    public async Task An_error_message_of_any_length_costs_neither_its_own_row_nor_those_of_others(char character, int length)
    {
        await using Fleet fleet = await Fleet.StartAsync();
        var commands = new CommandTable();
        commands.Add(new WordyCommand("Say", new string(character, length)));
        var terse = new CommandTable();
        terse.Add(new WordyCommand("Say", "no"));
        await fleet.AddAsync("wordy", commands: commands);
        for (int i = 0; i < 5; i++)
            await fleet.AddAsync($"terse{i}", commands: terse);
        await using RemoteFleet remote = await fleet.ConnectAsync();

        List<ResultRow> rows = await fleet.RunAsync(Target.All, "Say", fleet: remote);

        Assert.Equal(6, rows.Count(row => row.Result.Status == CommandStatus.Failed && row.Result.Error!.Code == "Said"));
    }

    [Fact]
    public async Task A_result_as_large_as_a_message_is_a_row_all_the_same()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await using RemoteFleet remote = await fleet.ConnectAsync();
        using RawPeer peer = await fleet.AddRawAsync("large");
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob job = await remote.StartJobAsync(new JobRequest { Target = Target.All, Command = "Ping" }, deadline.Token);
        var result = new Message(MessageKind.Result, new Result(job.Id, CommandStatus.Succeeded, 0, null, BodyFormat.None, null, false, null, TimeSpan.Zero));
        int head = MessageCodec.Encode(result).Sum(frame => frame.Length + 4);
        result = result with { Bodies = [new byte[fleet.Options.Wire.MaxMessageBytes - head - 4]] };

        peer.Send(result);

        ResultRow row = await job.ReadRowsAsync(deadline.Token).SingleAsync(deadline.Token);
        Assert.Equal((CommandStatus.Succeeded, true), (row.Result.Status, row.Result.Truncated));
    }

    [Fact]
    public async Task An_order_whose_head_no_gate_would_let_through_is_refused_and_cuts_nobody()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("a", "shop");
        await Fleet.EventuallyAsync(() => fleet.Server.Registry.Find("a")!.HearsPublished, "the subscription");
        await using RemoteFleet remote = await fleet.ConnectAsync();
        JobRequest[] requests =
        [
            new() { Target = Target.All, Command = new string('c', 3_000_000) },
            new() { Target = new Target { Streams = ["shop", new string('s', 3_000_000)] }, Command = "Ping" },
            new() { Target = new Target { Streams = [.. Enumerable.Range(0, 200_000).Select(i => $"shop.{i}"), "shop"] }, Command = "Ping" },
            new() { Target = new Target { Labels = new LabelTarget("shop", null, new string('r', 3_000_000)), Everyone = true }, Command = "Ping" },
        ];
        foreach (JobRequest request in requests)
        {
            var error = await Assert.ThrowsAsync<PantryException>(() => remote.StartJobAsync(request, default));
            Assert.Contains(error.Code, (PantryErrorCode[])[PantryErrorCode.InvalidArgument, PantryErrorCode.InvalidName]);
        }

        Assert.True(fleet.Server.Registry.Find("a")!.HearsPublished);
        Assert.Equal(0, fleet.Server.Statistics().OrdersPublished);
    }

    [Fact]
    public async Task Facts_that_grow_when_they_are_written_again_are_refused_and_spoil_no_list()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using CurveKeyPair key = await fleet.EnrolKeyAsync("a");
        using RawPeer peer = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey);
        Register grown = Fleet.NewRegister("a") with { Facts = new ClientFacts { HostName = "h", Custom = new Dictionary<string, string> { ["grow"] = new('<', 30_000) } } };
        byte[] head = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(grown, WireJson.Default.Register);
        byte[] small = System.Text.Encoding.UTF8.GetBytes(System.Text.Encoding.UTF8.GetString(head).Replace("\\u003C", "<", StringComparison.Ordinal));
        Assert.True(small.Length < fleet.Options.Wire.MaxRegistrationBytes);

        peer.SendFrames(new MessageHeader(1, 0, MessageKind.Register, 1).ToBytes(), small);

        Assert.Equal(nameof(PantryErrorCode.MessageTooLarge), peer.ReceiveRefusal().Refused.Code);
        Assert.Null(fleet.Server.Registry.Find("a")!.Session);
    }

    [Fact]
    public async Task A_client_that_comes_back_under_ever_other_roles_leaves_no_topics_behind()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        string[] roles = [.. Enumerable.Range(0, 60).Select(i => $"role{i}")];
        using CurveKeyPair key = await fleet.EnrolKeyAsync("a", "app", "test", roles);
        using RawPeer peer = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey);
        for (int i = 0; i < 3_000; i++)
        {
            peer.Send(new Message(MessageKind.Register, Fleet.NewRegister("a") with { Instance = "i", Labels = ClientLabels.Create("a", "app", "test", [roles[i % 60]]) }, (ulong)i + 1));
            Assert.Equal((ulong)i + 1, peer.Receive(MessageKind.Registered).Correlation);
        }

        Assert.InRange(fleet.Server.Registry.TopicCount, 1, 2_000);
    }

    private sealed class WordyCommand(string name, string words) : ICommand
    {
        public string Name => name;

        public Task<CommandOutcome> RunAsync(CommandContext context, CancellationToken cancellation) =>
            Task.FromResult(new CommandOutcome { Status = CommandStatus.Failed, Error = new CommandError("Said", words) });
    }
}
