using Pantry.Client;
using Pantry.Commands;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Attacks;

/// <summary>A name is its key's: another key that comes with the name inherits nothing, and takes nothing away.</summary>
public sealed class NameReuseTests
{
    [Theory]
    [InlineData(ClientDecision.Remove)]
    [InlineData(ClientDecision.Revoke)]
    internal async Task A_new_key_under_an_old_name_does_not_get_the_orders_that_waited_for_the_old_one(ClientDecision decision)
    {
        await using Fleet fleet = await Fleet.StartAsync();
        var finish = new TaskCompletionSource();
        int ranOnNew = 0;
        CommandTable waits = With(new WaitingCommand("Meet", finish.Task)), counts = With(new CountingCommand("Meet", () => Interlocked.Increment(ref ranOnNew), () => { }));
        await fleet.AddAsync("a", "shop", commands: waits);
        await fleet.AddAsync("b", "shop", commands: waits);
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob job = await fleet.Server.Fleet.StartJobAsync(new JobRequest { Target = Target.Clients(["a", "b"]), Command = "Meet", Plan = new RolloutPlan { BatchSize = new Share(1) } }, deadline.Token);

        await fleet.Server.Fleet.DecideAsync(new DecideClient(decision, "b", null), deadline.Token);
        await fleet.AddAsync("b", "bank", commands: counts);
        finish.SetResult();
        List<ResultRow> rows = await job.ReadRowsAsync(deadline.Token).ToListAsync(deadline.Token);

        Assert.Equal(CommandStatus.Succeeded, rows.Single(row => row.Client == "a").Result.Status);
        // The name's old key is forgotten, or known as revoked.
        Assert.Equal(decision == ClientDecision.Revoke ? CommandStatus.Denied : CommandStatus.Unknown, rows.Single(row => row.Client == "b").Result.Status);
        Assert.Equal(0, ranOnNew);
    }

    [Fact]
    public async Task A_new_key_under_the_name_of_a_client_that_gave_its_place_up_does_not_get_what_waited_for_it()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        var finish = new TaskCompletionSource();
        await fleet.AddAsync("a", "shop", commands: With(new WaitingCommand("Meet", finish.Task)));
        ClientAgent old = await fleet.AddAsync("b", "shop");
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        byte[] canary = "canary"u8.ToArray();
        IJob job = await fleet.Server.Fleet.StartJobAsync(
            new JobRequest { Target = Target.OfStreams("shop"), Command = "Meet", Format = BodyFormat.Json, Arguments = canary, Plan = new RolloutPlan { BatchSize = new Share(1) } }, deadline.Token);

        await old.StopAsync(forget: true);
        using RawPeer heir = await fleet.AddRawAsync("b", "bank");
        finish.SetResult();
        List<ResultRow> rows = await job.ReadRowsAsync(deadline.Token).ToListAsync(deadline.Token);
        heir.Send(new Message(MessageKind.Heartbeat, new Heartbeat(0)));

        Assert.Equal(CommandStatus.Succeeded, rows.Single(row => row.Client == "a").Result.Status);
        Assert.NotEqual(CommandStatus.Succeeded, rows.Single(row => row.Client == "b").Result.Status);
        Message heard = heir.Receive();
        while (heard.Kind is MessageKind.TopicsChanged)
            heard = heir.Receive();
        Assert.Equal(MessageKind.HeartbeatReply, heard.Kind);
    }

    [Fact]
    public async Task A_key_that_was_taken_off_the_list_cannot_use_its_old_enrolment_to_push_another_client_off()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        ClientAgent victim = await fleet.AddAsync("victim", "shop");
        Enrollment enrollment = await fleet.Server.Fleet.EnrolAsync(new Enrol("evil", "shop", null, [], 0), default);
        using CurveKeyPair evil = CurveKeyPair.Generate();
        Redeem(fleet, enrollment, evil, "evil");
        await fleet.Server.Fleet.DecideAsync(new DecideClient(ClientDecision.Remove, "evil", null), default);
        using (RawPeer applicant = RawPeer.Connect(fleet.Server.ReceivePort, evil, fleet.Server.PublicKey))
        {
            applicant.Send(new Message(MessageKind.Register, Fleet.NewRegister("victim", "shop"), 1));
            Assert.Equal(RegistrationStatus.Pending, applicant.Receive(MessageKind.Registered).HeadAs<Registered>().Status);
        }

        Assert.Throws<PantryException>(() => Redeem(fleet, enrollment, evil, "evil"));

        Assert.Equal(victim.PublicKey, fleet.Server.Registry.Find("victim")!.Key);
        Assert.Equal(CommandStatus.Succeeded, Assert.Single(await fleet.RunAsync(Target.Clients(["victim"]), "Ping")).Result.Status);
    }

    [Fact]
    public async Task A_used_token_pushes_no_other_client_off_either()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        ClientAgent victim = await fleet.AddAsync("victim", "shop");
        EnrollmentToken token = await fleet.Server.Fleet.CreateTokenAsync(new CreateToken("evil*", "shop", null, [], 0), default);
        using CurveKeyPair evil = CurveKeyPair.Generate();
        Assert.Equal(RegistrationStatus.Approved, Register("evil", token.Token));
        await fleet.Server.Fleet.DecideAsync(new DecideClient(ClientDecision.Remove, "evil", null), default);
        Assert.Equal(RegistrationStatus.Pending, Register("victim", null));

        Assert.NotEqual(RegistrationStatus.Approved, Register("evil2", token.Token));

        Assert.Equal(victim.PublicKey, fleet.Server.Registry.Find("victim")!.Key);
        Assert.Equal(CommandStatus.Succeeded, Assert.Single(await fleet.RunAsync(Target.Clients(["victim"]), "Ping")).Result.Status);

        RegistrationStatus? Register(string identity, string? secret)
        {
            using RawPeer peer = RawPeer.Connect(fleet.Server.ReceivePort, evil, fleet.Server.PublicKey);
            peer.Send(new Message(MessageKind.Register, Fleet.NewRegister(identity, "shop") with { Token = secret }, 1));
            return (peer.Receive().Head as Registered)?.Status;
        }
    }

    [Fact]
    public async Task A_key_that_was_approved_keeps_its_name()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using CurveKeyPair key = await fleet.EnrolKeyAsync("a", "shop");
        using RawPeer peer = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey);

        peer.Send(new Message(MessageKind.Register, Fleet.NewRegister("bank.production", "shop"), 1));

        Assert.Equal(nameof(PantryErrorCode.InvalidName), peer.ReceiveRefusal().Refused.Code);
        Assert.Equal(key.PublicKey, fleet.Server.Registry.Find("a")?.Key);
        Assert.Null(fleet.Server.Registry.Find("bank.production"));
    }

    [Fact]
    public async Task No_client_gets_the_name_of_a_stream_that_others_hear_and_no_stream_that_of_a_client()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("db1", "bank", "production");
        EnrollmentToken token = await fleet.Server.Fleet.CreateTokenAsync(new CreateToken("*", "shop", null, [], 60), default);
        using CurveKeyPair key = CurveKeyPair.Generate();
        using RawPeer peer = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey);
        peer.Send(new Message(MessageKind.Register, Fleet.NewRegister("bank.production", "shop") with { Token = token.Token }, 1));

        Assert.Equal(nameof(PantryErrorCode.IdentityInUse), peer.ReceiveRefusal().Refused.Code);
        await fleet.AddAsync("mail", "office");
        var error = await Assert.ThrowsAsync<PantryException>(() => fleet.AddAsync("mx1", "mail"));
        Assert.Equal(PantryErrorCode.IdentityInUse, error.Code);
        Assert.Contains("stream 'mail'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_approved_is_what_was_shown_and_a_revoked_key_never_comes_back()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using CurveKeyPair key = CurveKeyPair.Generate();
        using RawPeer peer = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey);
        peer.Send(new Message(MessageKind.Register, Fleet.NewRegister("web", "shop"), 1));
        Assert.Equal(RegistrationStatus.Pending, peer.Receive(MessageKind.Registered).HeadAs<Registered>().Status);
        ClientLabels shown = ClientLabels.Create("web", "shop", null, null);
        peer.Send(new Message(MessageKind.Register, Fleet.NewRegister("web"), 2));
        Assert.Equal(2ul, peer.Receive(MessageKind.Registered).Correlation);

        async Task<PantryErrorCode> RefusedAsync(DecideClient decision) =>
            (await Assert.ThrowsAsync<PantryException>(() => fleet.Server.Fleet.DecideAsync(decision, default))).Code;
        Assert.Equal(PantryErrorCode.InvalidArgument, await RefusedAsync(new DecideClient(ClientDecision.Approve, null, key.PublicKey.Fingerprint, shown)));
        peer.Send(new Message(MessageKind.Register, Fleet.NewRegister("web", "shop"), 3));
        Assert.Equal(3ul, peer.Receive(MessageKind.Registered).Correlation);
        await fleet.Server.Fleet.DecideAsync(new DecideClient(ClientDecision.Approve, null, key.PublicKey.Fingerprint, shown), default);
        await fleet.Server.Fleet.DecideAsync(new DecideClient(ClientDecision.Revoke, "web", null), default);
        Assert.Equal(PantryErrorCode.KeyRevoked, await RefusedAsync(new DecideClient(ClientDecision.Approve, null, key.PublicKey.Fingerprint)));
        Assert.Equal(PantryErrorCode.InvalidArgument, await RefusedAsync(new DecideClient(ClientDecision.Approve, "web", null)));
    }

    private static CommandTable With(ICommand command)
    {
        var commands = new CommandTable();
        commands.Add(command);
        return commands;
    }

    private static void Redeem(Fleet fleet, Enrollment enrollment, CurveKeyPair key, string identity)
    {
        using CurveKeyPair pair = CurveKeyPair.TryParseSecret(enrollment.SecretKey)!;
        using RawPeer peer = RawPeer.Connect(fleet.Server.ReceivePort, pair, fleet.Server.PublicKey, Pantry.Sessions.SessionRole.Enrollee);
        peer.Send(new Message(MessageKind.Redeem, new Redeem(key.PublicKey.ToString(), identity), 1));
        Message answer = peer.Receive();
        if (answer.Head is Refused refused)
            throw new PantryException(Enum.Parse<PantryErrorCode>(refused.Code), refused.Message);
        Assert.Equal(MessageKind.Redeemed, answer.Kind);
    }
}
