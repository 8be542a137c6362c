using CsCheck;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server.Jobs;
using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.Tests.Jobs;

public sealed class JobTests
{
    [Fact]
    public void Whatever_happens_every_target_ends_in_exactly_one_row_that_never_changes() =>
        Gen.Select(Gen.Int[1, 12], Gen.Int[0, 4], Gen.Int[-1, 3], Gen.Select(Gen.Int[0, 5], Gen.Int[0, 13]).Array[0, 60]).Sample((count, batch, maxFailure, events) =>
        {
            string[] targets = [.. Enumerable.Range(0, count).Select(i => $"h{i}")];
            Job job = NewJob(targets, batch, maxFailure < 0 ? null : maxFailure);
            job.Enqueue(targets);
            var ended = new HashSet<string>();
            foreach ((int what, int who) in events)
            {
                string name = $"h{who}";
                switch (what)
                {
                    case 0 or 1:
                        if (End(job, name, what == 0 ? CommandStatus.Succeeded : CommandStatus.Failed))
                            Assert.True(ended.Add(name), $"{name} ended twice");
                        break;
                    case 2: job.Progress.Accept(name, 0); break;
                    case 3: job.TakeBatch(0, _ => who % 2 == 0); break;
                    case 4: job.TakeBack(name); break;
                    default: job.TakeBatch(0, _ => true); break;
                }

                Assert.True(batch == 0 || job.Progress.OpenTargets().Count <= batch);
                Assert.Equal(count, ended.Count + job.Progress.OpenTargets().Count + job.Waiting().Count);
            }

            job.Cancel(1);
            foreach (string left in job.TakeWaiting().Concat(job.Progress.OpenTargets().Select(target => target.Identity)))
                End(job, left, CommandStatus.Lost);
            Assert.True(job.Ended);
            Assert.All(targets, target => Assert.False(End(job, target, CommandStatus.Failed)));
        }, iter: 5_000);

    [Fact]
    public async Task Rows_can_be_read_while_they_come_and_again_from_any_place()
    {
        byte[] large = new byte[100];
        var rows = new JobRowList(3, keptOutput: 10, number => number == 1 ? [large] : throw new InvalidOperationException("Small output is held."), []);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        Task<List<string>> reading = ReadAsync(rows, 0, deadline.Token);
        foreach ((int number, string target) in new[] { "a", "b", "c" }.Index())
        {
            await Task.Yield();
            rows.Add(Row(number, target, number == 1 ? [large] : []));
        }

        Assert.Equal(["a", "b 100", "c"], await reading);
        Assert.Equal(["b 100", "c"], await ReadAsync(rows, 1, deadline.Token));
        rows.Release(3);
        Assert.Equal(["a", "b 100", "c"], await ReadAsync(rows, 0, deadline.Token));
    }

    [Fact]
    public void The_first_targets_must_all_succeed_before_any_other_is_started()
    {
        Job job = NewJob(["a", "b", "c", "d"], new RolloutPlan { Canary = new Share(50, IsPercent: true) });
        job.Enqueue(job.Targets);

        Assert.Equal(["a", "b"], job.TakeBatch(0, _ => true));
        End(job, "a", CommandStatus.Succeeded);
        Assert.Empty(job.TakeBatch(0, _ => true));
        End(job, "b", CommandStatus.Succeeded);
        Assert.Null(job.Stop());

        Assert.Equal(["c", "d"], job.TakeBatch(0, _ => true));
    }

    [Fact]
    public void One_failure_among_the_first_targets_stops_all_others()
    {
        Job job = NewJob(["a", "b", "c"], new RolloutPlan { Canary = new Share(2) });
        job.Enqueue(job.Targets);
        job.TakeBatch(0, _ => true);
        End(job, "a", CommandStatus.Failed);

        Assert.Equal("CanaryFailed", job.Stop()!.Value.Code);
        Assert.Equal(["c"], job.TakeWaiting());
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public void A_percentage_of_failures_is_one_of_the_targets_that_are_done(int failures, bool goesOn)
    {
        string[] targets = [.. Enumerable.Range(0, 20).Select(i => $"h{i}")];
        Job job = NewJob(targets, new RolloutPlan { BatchSize = new Share(1), MaxFailure = new Share(10, IsPercent: true) });
        job.Enqueue(targets);
        for (int i = 0; i < 12; i++)
        {
            string running = Assert.Single(job.TakeBatch(0, _ => true));
            End(job, running, i < failures ? CommandStatus.Failed : CommandStatus.Succeeded);
            if (job.Stop() is not null)
                break;
        }

        Assert.Equal(goesOn, job.Stop() is null);
    }

    [Fact]
    public void A_batch_counts_targets_at_work_so_that_a_silent_one_does_not_hold_up_the_others()
    {
        Job job = NewJob(["a", "b", "c", "d"], new RolloutPlan { BatchSize = new Share(2) });
        job.Enqueue(job.Targets);

        Assert.Equal(["a", "b"], job.TakeBatch(0, _ => true));
        End(job, "b", CommandStatus.Succeeded);
        Assert.Equal(["c"], job.TakeBatch(0, _ => true));
        Assert.Empty(job.TakeBatch(0, _ => true));
    }

    [Fact]
    public void A_client_that_is_away_keeps_its_place_in_line_and_holds_up_nobody()
    {
        Job job = NewJob(["a", "b", "c"], new RolloutPlan { BatchSize = new Share(1), Queue = true });
        job.Enqueue(job.Targets);

        Assert.Equal(["b"], job.TakeBatch(0, client => client != "a"));
        End(job, "b", CommandStatus.Succeeded);
        Assert.Equal(["a"], job.TakeBatch(0, _ => true));
    }

    [Fact]
    public void None_is_started_before_enough_targets_are_ready()
    {
        Job job = NewJob(["a", "b", "c"], new RolloutPlan { Quorum = new Share(2) });
        job.Enqueue(job.Targets);

        Assert.False(job.Prepared("a"));
        Assert.False(job.Prepared("a"));
        Assert.Empty(job.TakeBatch(0, _ => true));
        Assert.True(job.Prepared("c"));
        Assert.Equal(["a", "b", "c"], job.TakeBatch(0, _ => true));
    }

    [Fact]
    public void A_quorum_that_cannot_come_together_any_more_is_lost()
    {
        Job job = NewJob(["a", "b", "c"], new RolloutPlan { Quorum = new Share(2) });
        job.Enqueue(job.Targets);
        End(job, "a", CommandStatus.Offline);
        Assert.False(job.QuorumIsLost);
        End(job, "b", CommandStatus.Denied);

        Assert.True(job.QuorumIsLost);
    }

    [Fact]
    public void A_quorum_is_a_share_of_the_targets_that_can_be_started_and_one_that_is_away_is_among_them()
    {
        string[] targets = ["a", "b", "c", "d", "away", "x", "y"];
        Job job = NewJob(targets, new RolloutPlan { Quorum = new Share(80, IsPercent: true) });
        // Two cannot be started at all: what is to be done there is not known.
        Assert.True(End(job, "x", CommandStatus.Failed, itself: false));
        Assert.True(End(job, "y", CommandStatus.Failed, itself: false));
        Assert.True(End(job, "away", CommandStatus.Offline, itself: false));
        job.Enqueue(["a", "b", "c", "d"]);

        Assert.False(job.QuorumIsLost);
        Assert.False(job.Prepared("a"));
        Assert.False(job.Prepared("b"));
        Assert.False(job.Prepared("c"));
        Assert.True(job.Prepared("d"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_run_may_have_been_begun_only_where_the_order_has_left(bool dryRun)
    {
        string[] targets = ["waiting", "away", "sent", "refused", "denied"];
        using SigningKey key = SigningKey.Generate();
        var signer = new OrderSigner("tester", key, "network", new PantryOptions(), TimeProvider.System);
        SignedJob signed = signer.Sign(new JobRequest
        {
            Target = Target.Clients(targets),
            Command = ProvisionOrders.CommandName,
            Arguments = ProvisionOrders.Write(new ProvisionOrder([new string('a', 64)], dryRun)),
        });
        using CurveKeyPair client = CurveKeyPair.Generate();
        var job = new Job(OrderOf(signed, key), targets, [.. targets.Select(_ => client.PublicKey)], DateTimeOffset.UtcNow, new JobRowList(targets.Length, 0, _ => [], []));
        job.Enqueue(["away", "sent", "refused", "denied"]);
        job.TakeBatch(0, _ => true);
        job.Progress.NoteSent(["sent", "refused", "denied"]);

        Assert.Null(job.TryEnd("waiting", NewResult(CommandStatus.Failed), [], null, itself: false)!.ReportsOf);
        Assert.Null(job.TryEnd("away", NewResult(CommandStatus.Offline), [], null, itself: false)!.ReportsOf);
        Assert.Null(job.TryEnd("refused", NewResult(CommandStatus.Denied), [], null, itself: true)!.ReportsOf);
        StoredRow lost = job.TryEnd("sent", NewResult(CommandStatus.Offline), [], null, itself: false)!, dismissed = job.TryEnd("denied", NewResult(CommandStatus.Denied), [], null, itself: false)!;
        Assert.Equal((client.PublicKey, dryRun), (lost.ReportsOf, lost.DryRun));
        Assert.Equal(client.PublicKey, dismissed.ReportsOf);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Names_beside_an_order_that_names_nobody_are_not_what_was_signed(bool everyone)
    {
        using SigningKey key = SigningKey.Generate();
        Target signedFor = everyone ? Target.All : Target.OfStreams("shop");
        SignedJob signed = new OrderSigner("tester", key, "network", new PantryOptions(), TimeProvider.System).Sign(new JobRequest { Target = signedFor, Command = "Ping" });

        Assert.True(OrderOf(signed, key).ListsMatch());
        Assert.False(OrderOf(signed with { Target = signedFor with { Identities = ["a"] } }, key).ListsMatch());
        Assert.False(OrderOf(signed with { Target = signedFor with { Identities = ["a"] }, Entries = new byte[TargetTags.TagLength] }, key).ListsMatch());
    }

    private static async Task<List<string>> ReadAsync(JobRowList rows, int from, CancellationToken cancellation)
    {
        var read = new List<string>();
        await foreach (ResultRow row in rows.ReadAsync(from, cancellation))
            read.Add(row.Bodies.Count > 0 ? $"{row.Client} {row.Body(0).Length}" : row.Client);
        return read;
    }

    private static bool End(Job job, string target, CommandStatus status, bool itself = true) =>
        job.TryEnd(target, NewResult(status), [], null, itself) is not null;

    private static ResultRow Row(int number, string target, IReadOnlyList<byte[]> bodies) => new(number, target, null, NewResult(CommandStatus.Succeeded), bodies);

    private static Result NewResult(CommandStatus status) => new("job", status, null, null, BodyFormat.None, null, false, null, TimeSpan.Zero);

    private static Job NewJob(string[] targets, int batch, int? maxFailure) => NewJob(targets, new RolloutPlan
    {
        BatchSize = batch == 0 ? null : new Share(batch),
        MaxFailure = maxFailure is { } most ? new Share(most) : null,
    });

    private static Job NewJob(string[] targets, RolloutPlan plan)
    {
        using SigningKey key = SigningKey.Generate();
        var signer = new OrderSigner("tester", key, "network", new PantryOptions(), TimeProvider.System);
        SignedJob signed = signer.Sign(new JobRequest { Target = Target.Clients(targets), Command = "Ping", Plan = plan });
        return new Job(OrderOf(signed, key), targets, new PublicKey?[targets.Length], DateTimeOffset.UtcNow, new JobRowList(targets.Length, 0, _ => [], []));
    }

    private static JobOrder OrderOf(SignedJob signed, SigningKey key)
    {
        var tester = new OperatorEntry("tester", "", key.PublicKey.Bytes.ToArray(), [], false, DateTimeOffset.UnixEpoch, null);
        var bundle = new TrustBundle("network", 1, DateTimeOffset.UnixEpoch, [tester]);
        OrderStatement statement = OrderCheck.Verify(signed.Order, bundle, "network", DateTimeOffset.UtcNow, TimeSpan.FromMinutes(1), 65_536).Statement!;
        return new JobOrder(signed, statement, tester, from: null);
    }
}
