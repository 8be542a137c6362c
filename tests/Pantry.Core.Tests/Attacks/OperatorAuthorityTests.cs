using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server;
using Pantry.Sessions;
using Pantry.Storage;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;
using Pantry.Tests.Faults;

namespace Pantry.Tests.Attacks;

/// <summary>An operator does what its scopes say, while it is an operator, with its own jobs.</summary>
public sealed class OperatorAuthorityTests
{
    [Fact]
    public async Task An_operator_learns_nothing_of_keys_beyond_its_scopes_by_naming_them()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using CurveKeyPair foreign = await fleet.EnrolKeyAsync("pay1", "bank"), own = await fleet.EnrolKeyAsync("web1", "shop"), waiting = CurveKeyPair.Generate();
        Assert.Null(EnrollmentTests.Register(fleet, null, waiting, "web2"));
        foreach (string name in (string[])["pay1", "web1"])
            await fleet.Server.Fleet.DecideAsync(new DecideClient(ClientDecision.Revoke, name, null), default);
        await using RemoteFleet clerk = await RemoteFleet.ConnectAsync(await fleet.AddOperatorAsync("clerk", false, "shop:Ping", "bank:Echo"), options: fleet.Options);

        Dictionary<string, CommandError> rows = (await fleet.RunAsync(Target.Clients(["pay1", "web1", "web2", "nobody"]), "Ping", fleet: clerk))
            .ToDictionary(row => row.Client, row => row.Result.Error!);

        Assert.Equal(("ClientRevoked", "ClientPending", "UnknownClient"), (rows["web1"].Code, rows["web2"].Code, rows["nobody"].Code));
        Assert.Equal((rows["nobody"].Code, rows["nobody"].Message.Replace("nobody", "pay1", StringComparison.Ordinal)), (rows["pay1"].Code, rows["pay1"].Message));
    }

    [Fact]
    public async Task An_operator_may_order_what_lies_in_its_scopes_and_nothing_else()
    {
        await using Fleet fleet = await ShopAndBankAsync();
        await using RemoteFleet clerk = await RemoteFleet.ConnectAsync(await fleet.AddOperatorAsync("clerk", false, "shop.production:Shell"), options: fleet.Options);
        (Target Target, string[] Run)[] allowed =
        [
            (Target.OfStreams("shop.production"), ["shop1"]),
            (Target.OfStreams("SHOP.Production.web"), ["shop1"]),
            (Target.OfLabels("shop", "production", null), ["shop1"]),
            (Target.OfLabels("shop", "production", "web"), ["shop1"]),
            (Target.Clients(["shop1"]), ["shop1"]),
            (Target.Clients(["shop1", "shop2", "bank1"]), ["shop1"]),
            (Target.Clients(["bank1"]), []),
        ];
        foreach ((Target target, string[] run) in allowed)
        {
            List<ResultRow> rows = await fleet.RunAsync(target, "Shell", new { line = "true" }, fleet: clerk);
            Assert.Equal(run, rows.Where(row => row.Result.Status == CommandStatus.Succeeded).Select(row => row.Client));
            Assert.All(rows.Where(row => !run.Contains(row.Client)), row => Assert.Equal((CommandStatus.Denied, "OutOfScope"), (row.Result.Status, row.Result.Error!.Code)));
        }

        Target[] refused =
        [
            Target.All, Target.OfStreams("shop"), Target.OfStreams("shop.test"), Target.OfStreams("bank.production"), Target.OfStreams("shop.production", "bank"),
            Target.OfStreams("shop.productions"), Target.OfLabels("shop", null, null), Target.OfLabels("shop", null, "web"), Target.OfLabels(null, "production", null),
            Target.OfLabels(null, null, "web"), Target.OfLabels("bank", "production", null), Target.OfStreams("shop1"),
            Target.OfStreams("shop.production") with { Labels = new LabelTarget(null, null, null) },
            Target.All with { Identities = ["shop1"] },
        ];
        foreach (Target target in refused)
            Assert.Contains((await RefusalAsync(clerk, target, "Shell")).Code, (PantryErrorCode[])[PantryErrorCode.OutOfScope, PantryErrorCode.InvalidArgument]);
        foreach (string command in (string[])["Ping", "Script", "Shell2", "She"])
            Assert.Equal(PantryErrorCode.OutOfScope, (await RefusalAsync(clerk, Target.OfStreams("shop.production"), command)).Code);

        Assert.Equal(["shop1"], await clerk.FindClientsAsync(new ClientFilter(), default).Select(client => client.Identity).ToListAsync());
        await fleet.Server.AuditLog.FlushAsync();
        Assert.True(fleet.Server.AuditLog.Query(new AuditQuery { Actor = "clerk", Action = "Order", Outcome = "OutOfScope" }).Count() >= refused.Length);
    }

    [Fact]
    public async Task An_operator_who_is_no_administrator_decides_nothing_and_each_attempt_is_written_down()
    {
        await using Fleet fleet = await ShopAndBankAsync();
        await using RemoteFleet clerk = await RemoteFleet.ConnectAsync(await fleet.AddOperatorAsync("clerk", false, "*:*"), options: fleet.Options);
        using SigningKey signing = SigningKey.Generate();
        byte[] bundle = fleet.Server.Authority.SignedBundle;
        using CurveKeyPair session = CurveKeyPair.Generate();
        Func<Task>[] attempts =
        [
            () => clerk.EnrolAsync(new Enrol("x", null, null, [], 0), default),
            () => clerk.CreateTokenAsync(new CreateToken("*", null, null, [], 0), default),
            () => clerk.DecideAsync(new DecideClient(ClientDecision.Revoke, "bank1", null), default),
            () => clerk.ListOperatorsAsync(default),
            () => clerk.AddOperatorAsync(new AddOperator("friend", session.PublicKey.ToString(), signing.PublicKey.Bytes.ToArray(), ["*:*"], true, null), default),
            () => clerk.RevokeOperatorAsync("local", default),
            () => clerk.PutBundleAsync(bundle, default),
            () => clerk.FindAuditAsync(new AuditFilter(), default).ToListAsync().AsTask(),
            () => clerk.VerifyAuditAsync(null, default),
            () => clerk.FindEnrollmentsAsync(new EnrollmentFilter(), default).ToListAsync().AsTask(),
            () => clerk.WithdrawEnrollmentAsync("x", default),
        ];
        foreach (Func<Task> attempt in attempts)
            Assert.Equal(PantryErrorCode.OutOfScope, (await Assert.ThrowsAsync<PantryException>(attempt)).Code);

        await fleet.Server.AuditLog.FlushAsync();
        Assert.Equal(attempts.Length, fleet.Server.AuditLog.Query(new AuditQuery { Actor = "clerk", Outcome = "OutOfScope" }).Count());
        Assert.Equal(3, fleet.Server.Registry.List(new ClientFilter()).Count);
    }

    [Fact]
    public async Task An_operator_can_neither_cancel_nor_read_anothers_job()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        var finish = new TaskCompletionSource();
        var commands = new CommandTable();
        commands.Add(new WaitingCommand("Meet", finish.Task));
        await fleet.AddAsync("a", commands: commands);
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob job = await fleet.Server.Fleet.StartJobAsync(new JobRequest { Target = Target.All, Command = "Meet" }, deadline.Token);
        OperatorCredentials credentials = await fleet.AddOperatorAsync("mallory");
        using CurveKeyPair key = CurveKeyPair.TryParseSecret(credentials.SessionKey)!;
        using RawPeer mallory = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey, SessionRole.Operator);
        mallory.Send(new Message(MessageKind.Connect, new Connect("c", "1"), 1));
        mallory.Receive(MessageKind.Connected);

        mallory.Send(new Message(MessageKind.ControlJob, new ControlJob(job.Id, JobAction.Cancel), 2));
        mallory.Send(new Message(MessageKind.RowsTaken, new RowsTaken(job.Id, 1), 3));
        mallory.Send(new Message(MessageKind.AttachJob, new AttachJob(job.Id, 0, 0), 4));
        ulong[] refused = [mallory.Receive(MessageKind.Refused).Correlation, mallory.Receive(MessageKind.Refused).Correlation];
        finish.SetResult();

        Assert.Equal([2UL, 4UL], refused.Order());
        Assert.Equal(CommandStatus.Succeeded, (await job.ReadRowsAsync(deadline.Token).SingleAsync(deadline.Token)).Result.Status);
        await fleet.Server.AuditLog.FlushAsync();
        Assert.Equal(2, fleet.Server.AuditLog.Query(new AuditQuery { Actor = "mallory", Job = job.Id, Outcome = "OutOfScope" }).Count());
    }

    [Fact]
    public async Task An_operator_cannot_pass_off_an_order_that_another_signed()
    {
        await using Fleet fleet = await ShopAndBankAsync();
        using var forger = new Forger(fleet, await fleet.AddOperatorAsync("alice"));
        OperatorCredentials credentials = await fleet.AddOperatorAsync("mallory");
        using CurveKeyPair key = CurveKeyPair.TryParseSecret(credentials.SessionKey)!;
        using RawPeer mallory = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey, SessionRole.Operator);
        mallory.Send(new Message(MessageKind.Connect, new Connect("c", "1"), 1));
        mallory.Receive(MessageKind.Connected);
        SignedJob signed = forger.Sign(Target.All, "Ping");

        mallory.Send(new Message(MessageKind.StartJob, new StartJob(signed.Order.Signature, signed.Target, 5, RolloutPlan.AtOnce), 2)
        {
            Bodies = [signed.Order.Statement, signed.Arguments, signed.Secrets, signed.Entries],
        });

        Assert.Equal(nameof(PantryErrorCode.InvalidSignature), mallory.ReceiveRefusal().Refused.Code);
    }

    [Fact]
    public async Task A_revoked_operators_session_ends_at_once_and_does_not_come_back()
    {
        await using Fleet fleet = await ShopAndBankAsync();
        OperatorCredentials credentials = await fleet.AddOperatorAsync("fired", true);
        await using RemoteFleet fired = await RemoteFleet.ConnectAsync(credentials, options: fleet.Options);
        ServerSession session = fleet.Server.Sessions.Single(session => session.Role == Senders.Operator);

        await fleet.Server.Fleet.RevokeOperatorAsync("fired", default);

        Assert.True(session.Closed);
        await Assert.ThrowsAsync<PantryException>(() => fleet.RunAsync(Target.All, "Ping", fleet: fired));
        PantryException again = await Assert.ThrowsAsync<PantryException>(() => RemoteFleet.ConnectAsync(credentials, options: fleet.Options));
        Assert.Equal(PantryErrorCode.KeyUnknown, again.Code);
    }

    [Fact]
    public async Task Whoever_waits_for_a_job_of_a_revoked_operator_is_told_so_and_not_kept_waiting()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        var commands = new CommandTable();
        commands.Add(new WaitingCommand("Meet", new TaskCompletionSource().Task));
        await fleet.AddAsync("a", commands: commands);
        await using RemoteFleet fired = await RemoteFleet.ConnectAsync(await fleet.AddOperatorAsync("fired", true), options: fleet.Options);
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob job = await fired.StartJobAsync(new JobRequest { Target = Target.All, Command = "Meet" }, deadline.Token);
        Task<int> waiting = Task.Run(async () => await job.ReadRowsAsync(deadline.Token).CountAsync(deadline.Token));

        await fleet.Server.Fleet.RevokeOperatorAsync("fired", default);

        PantryException told = await Assert.ThrowsAsync<PantryException>(() => waiting);
        Assert.Equal(PantryErrorCode.KeyUnknown, told.Code);
        told = await Assert.ThrowsAsync<PantryException>(() => fleet.RunAsync(Target.All, "Ping", fleet: fired));
        Assert.Equal(PantryErrorCode.KeyUnknown, told.Code);
    }

    [Fact]
    public async Task An_administrator_who_revokes_itself_hears_that_it_is_done()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await using RemoteFleet leaving = await RemoteFleet.ConnectAsync(await fleet.AddOperatorAsync("leaving", true), options: fleet.Options);

        OperatorList left = await leaving.RevokeOperatorAsync("leaving", default);

        Assert.DoesNotContain(left.Operators, entry => entry.Name == "leaving");
        await Fleet.EventuallyAsync(() => fleet.Server.Sessions.All(session => session.Role != Senders.Operator), "the session to end");
    }

    [Fact]
    public async Task The_last_who_may_administer_cannot_be_taken_away()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddOperatorAsync("clerk");

        var refused = await Assert.ThrowsAsync<PantryException>(() => fleet.Server.Fleet.RevokeOperatorAsync(Authority.LocalOperator, default));

        Assert.Equal(PantryErrorCode.InvalidArgument, refused.Code);
        await fleet.Server.Fleet.RevokeOperatorAsync("clerk", default);
    }

    [Fact]
    public async Task Who_brings_the_root_key_back_can_make_administrators_again_though_none_was_left()
    {
        var clock = new JumpClock();
        await using Fleet fleet = await Fleet.StartAsync(ports: FixedPorts.Take(3), time: clock);
        using (CurveKeyPair session = CurveKeyPair.Generate())
        using (SigningKey signing = SigningKey.Generate())
        {
            await fleet.Server.Fleet.AddOperatorAsync(
                new AddOperator("temp", session.PublicKey.ToString(), signing.PublicKey.Bytes.ToArray(), ["*:*"], true, clock.GetUtcNow().AddHours(1)), default);
        }

        string file = Path.Combine(fleet.Root, "root.key");
        fleet.Server.Authority.ExportRoot(file, null, takeAway: true);
        clock.Jump(TimeSpan.FromHours(2));
        Assert.False(fleet.Server.Authority.MayAdminister("temp", null));

        using SigningKey exported = fleet.Server.Authority.ReadExported(file, null);
        fleet.Server.Authority.ImportRoot(exported);

        await fleet.AddOperatorAsync("heir", administrator: true);
        await fleet.RestartServerAsync();
        await fleet.AddOperatorAsync("second", administrator: true);
    }

    [Fact]
    public async Task An_operator_whose_time_is_over_gives_no_more_orders_not_even_on_a_session_from_before()
    {
        // Its next word is the order: a heartbeat would end the session before that.
        var clock = new JumpClock();
        await using Fleet fleet = await ShopAndBankAsync(new PantryOptions { HeartbeatInterval = TimeSpan.FromMinutes(1), DeadAfter = TimeSpan.FromMinutes(3) }, clock);
        using CurveKeyPair session = CurveKeyPair.Generate();
        using SigningKey signing = SigningKey.Generate();
        DateTimeOffset over = clock.GetUtcNow().AddHours(1);
        OperatorCredentials credentials = await fleet.AddOperatorAsync("any") with { Name = "temp", SessionKey = Z85.Encode(session.Secret), SigningKey = signing.ToPem(null) };
        await fleet.Server.Fleet.AddOperatorAsync(
            new AddOperator("temp", session.PublicKey.ToString(), signing.PublicKey.Bytes.ToArray(), ["*:*"], true, over), default);
        await using RemoteFleet temp = await RemoteFleet.ConnectAsync(credentials, options: fleet.Options);
        Assert.Equal(3, (await fleet.RunAsync(Target.All, "Ping", fleet: temp)).Count);

        // What it says of the rows it took comes before this.
        Assert.NotEmpty(await temp.FindJobsAsync(new JobFilter(), default).ToListAsync());
        clock.Jump(TimeSpan.FromHours(1));

        Assert.Equal(PantryErrorCode.KeyRevoked, (await Assert.ThrowsAsync<PantryException>(() => fleet.RunAsync(Target.All, "Ping", fleet: temp))).Code);
        Assert.Equal(PantryErrorCode.KeyUnknown, (await Assert.ThrowsAsync<PantryException>(() => RemoteFleet.ConnectAsync(credentials, options: fleet.Options))).Code);
    }

    private static async Task<Fleet> ShopAndBankAsync(PantryOptions? options = null, TimeProvider? time = null)
    {
        Fleet fleet = await Fleet.StartAsync(options, time: time);
        await fleet.AddAsync("shop1", "shop", "production", ["web"]);
        await fleet.AddAsync("shop2", "shop", "test", ["web"]);
        await fleet.AddAsync("bank1", "bank", "production", ["web"]);
        return fleet;
    }

    private static async Task<PantryException> RefusalAsync(RemoteFleet fleet, Target target, string command) =>
        await Assert.ThrowsAsync<PantryException>(() => fleet.StartJobAsync(new JobRequest { Target = target, Command = command }, default));
}
