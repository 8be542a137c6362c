using CsCheck;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Security;
using Pantry.Server;
using Pantry.Targeting;

namespace Pantry.Tests.Server;

public sealed class JobTests
{
    [Fact]
    public void Whatever_happens_every_target_ends_in_exactly_one_row_that_never_changes() =>
        Gen.Select(Gen.Int[1, 12], Gen.Int[0, 4], Gen.Int[-1, 3], Gen.Select(Gen.Int[0, 5], Gen.Int[0, 13]).Array[0, 60]).Sample((count, batch, maxFailure, events) =>
        {
            string[] targets = [.. Enumerable.Range(0, count).Select(i => $"h{i}")];
            Job job = NewJob(targets, batch, maxFailure < 0 ? null : maxFailure);
            job.Enqueue(targets);
            var first = new Dictionary<string, CommandStatus>();
            foreach ((int what, int who) in events)
            {
                string name = $"h{who}";
                bool ended = false;
                CommandStatus status = what % 2 == 0 ? CommandStatus.Succeeded : CommandStatus.Failed;
                switch (what)
                {
                    case 0 or 1: ended = job.Complete(name, status, "c", "m"); break;
                    case 2: job.Accept(name, 0); break;
                    case 3: job.TakeBatch(0); break;
                    case 4: job.Release(who); break;
                    default: job.OpenTargets(); break;
                }

                if (ended)
                    Assert.True(first.TryAdd(name, status), $"{name} ended twice");
                Assert.True(batch == 0 || job.OpenTargets().Count <= batch);
            }

            foreach (string running in job.Cancel())
                job.Complete(running, CommandStatus.Lost, "c", "m");
            Assert.True(job.Ended);
            Assert.All(targets, target => Assert.False(job.Complete(target, CommandStatus.Failed, "late", "m")));
        }, iter: 5_000);

    [Fact]
    public async Task Rows_can_be_read_while_they_come_and_again_from_any_place()
    {
        Job job = NewJob(["a", "b", "c"], 0, null);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        Task<List<string>> reading = ReadAsync(job, 0, deadline.Token);
        foreach (string target in job.Targets)
        {
            await Task.Yield();
            job.Complete(target, CommandStatus.Succeeded, "c", "m");
        }

        Assert.Equal(["a", "b", "c"], await reading);
        Assert.Equal(["b", "c"], await ReadAsync(job, 1, deadline.Token));
        job.Release(2);
        Assert.Equal(["c"], await ReadAsync(job, 0, deadline.Token));
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

    private static async Task<List<string>> ReadAsync(Job job, int from, CancellationToken cancellation)
    {
        var rows = new List<string>();
        await foreach (ResultRow row in job.ReadRowsAsync(from, cancellation))
            rows.Add(row.Client);
        return rows;
    }

    private static Job NewJob(string[] targets, int batch, int? maxFailure)
    {
        using SigningKey key = SigningKey.Generate();
        var signer = new OrderSigner("tester", key, "network", new PantryOptions(), TimeProvider.System);
        SignedJob signed = signer.Sign(new JobRequest { Target = Target.Clients(targets), Command = "Ping", BatchSize = batch, MaxFailure = maxFailure });
        return new Job(OrderOf(signed, key), targets);
    }

    private static JobOrder OrderOf(SignedJob signed, SigningKey key)
    {
        var tester = new OperatorEntry("tester", "", key.PublicKey.Bytes.ToArray(), [], false, DateTimeOffset.UnixEpoch, null);
        var bundle = new TrustBundle("network", 1, DateTimeOffset.UnixEpoch, [tester]);
        OrderStatement statement = OrderCheck.Verify(signed.Order, bundle, "network", DateTimeOffset.UtcNow, TimeSpan.FromMinutes(1), 65_536).Statement!;
        return new JobOrder(signed, statement, tester, from: null);
    }
}
