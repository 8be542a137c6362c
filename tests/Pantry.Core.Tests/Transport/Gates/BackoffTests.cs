using Pantry.Transport.Gates;

namespace Pantry.Tests.Transport.Gates;

/// <summary>When those who lost their server dial it again.</summary>
public sealed class BackoffTests
{
    private const int Fleet = 3000;

    private static readonly Backoff Pauses = new DialOptions { Host = "server", Port = 1 }.Backoff;

    [Fact]
    public void The_bound_doubles_is_capped_and_has_full_jitter()
    {
        TimeSpan day = TimeSpan.FromDays(1);
        double[] bounds = [.. new[] { 1, 2, 3, 9, 10, 5_000 }.Select(failures => Wait(failures, day, 1).TotalMilliseconds)];

        Assert.Equal([100, 200, 400, 25_600, 30_000, 30_000], bounds);
        Assert.All(Enumerable.Range(1, 100), failures => Assert.Equal(TimeSpan.Zero, Wait(failures, day, 0)));
        Assert.Equal(15_000, Wait(50, day, 0.5).TotalMilliseconds);
    }

    [Fact]
    public void Nobody_waits_longer_than_it_has_been_away()
    {
        Assert.Equal(TimeSpan.FromSeconds(10), Wait(50, TimeSpan.FromSeconds(10), 1));
        Assert.Equal(TimeSpan.FromMilliseconds(400), Wait(3, TimeSpan.FromSeconds(10), 1));
        Assert.Equal(TimeSpan.FromSeconds(30), Wait(50, TimeSpan.FromHours(1), 1));
        // After a short outage too a fleet does not come in a moment.
        Assert.Equal(TimeSpan.FromSeconds(5), Wait(50, TimeSpan.FromSeconds(1), 1));
    }

    [Theory]
    [InlineData(1, 0.75)]
    [InlineData(5, 0.45)]
    [InlineData(10, 0.40)]
    [InlineData(60, 0.15)]
    [InlineData(600, 0.10)]
    public void A_fleet_is_back_within_as_long_as_it_was_away_and_does_not_come_all_at_once(int seconds, double share)
    {
        TimeSpan outage = TimeSpan.FromSeconds(seconds);
        TimeSpan[] back = [.. Enumerable.Range(0, Fleet).Select(client => BackAfter(outage, new Random(client)))];

        Assert.All(back, after => Assert.InRange(after, TimeSpan.Zero, TimeSpan.FromSeconds(Math.Clamp(seconds, 5, 30))));
        int[] bySecond = [.. back.GroupBy(after => (int)after.TotalSeconds).Select(second => second.Count())];
        Assert.InRange(bySecond.Max() / (double)Fleet, 0, share);
    }

    [Fact]
    public void A_fleet_does_not_ask_more_often_the_longer_it_is_away()
    {
        int[] attempts = new int[120];
        for (int client = 0; client < Fleet; client++)
        {
            foreach (TimeSpan at in Attempts(new Random(client)).TakeWhile(at => at < TimeSpan.FromSeconds(attempts.Length)))
                attempts[(int)at.TotalSeconds]++;
        }

        // Per client and second: some in the first, then about two in as long as it has been away.
        Assert.InRange(attempts[0] / (double)Fleet, 3, 9);
        Assert.All(Enumerable.Range(2, 28), second => Assert.InRange(attempts[second] / (double)Fleet, 0, 3.5 / second));
        Assert.All(Enumerable.Range(60, 60), second => Assert.InRange(attempts[second] / (double)Fleet, 0.04, 0.1));
    }

    private static TimeSpan Wait(int failures, TimeSpan away, double random) => Pauses.Wait(failures, away, random);

    private static TimeSpan BackAfter(TimeSpan outage, Random random) => Attempts(random).First(at => at >= outage) - outage;

    // When a client dials that lost its link at zero, for as long as nobody answers.
    private static IEnumerable<TimeSpan> Attempts(Random random)
    {
        TimeSpan at = TimeSpan.Zero;
        for (int failures = 1; ; failures++)
        {
            at += Wait(failures, at, random.NextDouble());
            yield return at;
        }
    }
}
