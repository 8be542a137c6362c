using Microsoft.Extensions.Logging.Abstractions;
using Pantry.Transport.Gates;

namespace Pantry.Tests.Transport.Gates;

/// <summary>No deadline of a connection is missed, and nothing wakes while there is none.</summary>
public sealed class DeadlineSweepTests
{
    private const int Grain = 20;
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task Nothing_is_waited_for_while_nothing_is_expected()
    {
        var clock = new StepClock();
        await using DeadlineSweep sweep = SweepOf(clock, new GateLimits(), out ConnectionDeadlines deadlines, out _);

        clock.Advance(60_000);
        Assert.Equal((0, 0), (clock.Waiting, clock.Fired));

        deadlines.Expect(Second, GateRefusal.MessageTimeout);
        deadlines.Met();
        clock.Advance(60_000);
        Assert.Equal((0, 1), (clock.Waiting, clock.Fired));
    }

    [Fact]
    public async Task What_is_expected_again_and_again_and_met_costs_one_look_in_its_time()
    {
        var clock = new StepClock();
        await using DeadlineSweep sweep = SweepOf(clock, new GateLimits(), out ConnectionDeadlines deadlines, out List<(long, GateRefusal)> cuts);

        for (int second = 0; second < 600; second++)
        {
            deadlines.Expect(60 * Second, GateRefusal.MessageTimeout);
            clock.Advance(500);
            deadlines.Met();
            clock.Advance(500);
        }

        Assert.InRange(clock.Fired, 9, 11);
        Assert.Empty(cuts);
    }

    [Fact]
    public async Task Each_deadline_is_noticed_when_it_is_due()
    {
        var clock = new StepClock();
        var limits = new GateLimits { IdleTimeout = TimeSpan.FromSeconds(30) };
        await using DeadlineSweep sweep = SweepOf(clock, limits, out ConnectionDeadlines deadlines, out List<(long At, GateRefusal Reason)> cuts);

        deadlines.Expect(5 * Second, GateRefusal.HandshakeTimeout);
        clock.Advance(5100);
        deadlines.Met();
        Assert.Equal([(5000, GateRefusal.HandshakeTimeout)], cuts);

        deadlines.ExpectTaking();
        clock.Advance(20_000);
        deadlines.MarkActivity();
        clock.Advance(30_000);
        Assert.Single(cuts);
        clock.Advance(Grain);
        Assert.Equal((55_101, GateRefusal.IdleTimeout), cuts[1]);
        deadlines.MarkActivity();
        clock.Advance(10_000);
        Assert.Equal((65_100, GateRefusal.PeerStalled), cuts[2]);
    }

    [Fact]
    public async Task A_deadline_that_is_earlier_than_the_one_waited_for_comes_first()
    {
        var clock = new StepClock();
        await using DeadlineSweep sweep = SweepOf(clock, new GateLimits(), out ConnectionDeadlines deadlines, out List<(long At, GateRefusal Reason)> cuts);

        deadlines.ExpectTaking();
        clock.Advance(10);
        deadlines.Expect(Second, GateRefusal.FirstMessageTimeout);
        clock.Advance(1000);

        Assert.Equal([(1010, GateRefusal.FirstMessageTimeout)], cuts);
    }

    [Fact]
    public async Task A_deadline_that_is_set_while_a_look_is_under_way_is_not_missed()
    {
        var clock = new StepClock();
        var gate = new GateClock(clock);
        await using var sweep = new DeadlineSweep(gate, TimeSpan.FromMilliseconds(Grain), NullLogger.Instance);
        var seen = new ConnectionDeadlines(gate, new GateLimits(), sweep);
        var cuts = new List<long>();
        sweep.Begin(() =>
        {
            if (seen.Check(gate.Now, out _) == DeadlineVerdict.Cut)
                cuts.Add(gate.Now);
            // It was looked at already.
            if (cuts.Count == 0)
                seen.Expect(2 * Second, GateRefusal.MessageTimeout);
        });

        sweep.Expect(1000);
        clock.Advance(3000);

        Assert.Equal([3000], cuts);
    }

    [Fact]
    public async Task Looks_are_no_closer_together_than_the_grain_however_many_deadlines_there_are()
    {
        var clock = new StepClock();
        await using DeadlineSweep sweep = SweepOf(clock, new GateLimits(), out _, out _);

        for (int due = 1; due <= 10_000; due++)
        {
            sweep.Expect(due);
            clock.Advance(1);
        }

        Assert.InRange(clock.Fired, 450, 10_000 / Grain);
    }

    [Fact]
    public async Task A_look_that_fails_is_repeated()
    {
        var clock = new StepClock();
        int looks = 0;
        await using var sweep = new DeadlineSweep(new GateClock(clock), TimeSpan.FromMilliseconds(Grain), NullLogger.Instance);
        sweep.Begin(() =>
        {
            if (++looks < 3)
                throw new InvalidOperationException("not now");
        });

        sweep.Expect(100);
        clock.Advance(1000);

        Assert.Equal((3, 0), (looks, clock.Waiting));
    }

    [Fact]
    public async Task Deadlines_that_many_connections_set_at_once_are_all_noticed()
    {
        var clock = new GateClock(TimeProvider.System);
        var limits = new GateLimits { StallTimeout = TimeSpan.FromMilliseconds(30) };
        await using var sweep = new DeadlineSweep(clock, TimeSpan.FromMilliseconds(1), NullLogger.Instance);
        ConnectionDeadlines[] all = [.. Enumerable.Range(0, 64).Select(_ => new ConnectionDeadlines(clock, limits, sweep))];
        var waits = new TaskCompletionSource?[all.Length];
        sweep.Begin(() =>
        {
            for (int one = 0; one < all.Length; one++)
            {
                if (all[one].Check(clock.Now, out _) == DeadlineVerdict.Cut)
                    Volatile.Read(ref waits[one])?.TrySetResult();
            }
        });

        await Parallel.ForAsync(0, all.Length, TestContext.Current.CancellationToken, async (one, cancellation) =>
        {
            for (int round = 0; round < 50; round++)
            {
                var noticed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                Volatile.Write(ref waits[one], noticed);
                all[one].Expect(TimeSpan.FromMilliseconds((one + round) % 5), GateRefusal.MessageTimeout);
                await noticed.Task.WaitAsync(GateRig.Patience, cancellation);
                all[one].Met();
                all[one].ExpectTaking();
                all[one].Taken();
            }
        });
    }

    private static DeadlineSweep SweepOf(StepClock time, GateLimits limits, out ConnectionDeadlines deadlines, out List<(long At, GateRefusal Reason)> cuts)
    {
        var clock = new GateClock(time);
        var sweep = new DeadlineSweep(clock, TimeSpan.FromMilliseconds(Grain), NullLogger.Instance);
        ConnectionDeadlines looked = deadlines = new ConnectionDeadlines(clock, limits, sweep);
        List<(long, GateRefusal)> all = cuts = [];
        sweep.Begin(() =>
        {
            if (looked.Check(clock.Now, out GateRefusal reason) == DeadlineVerdict.Cut)
                all.Add((clock.Now, reason));
        });
        return sweep;
    }
}
