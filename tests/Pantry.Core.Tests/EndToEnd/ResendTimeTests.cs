using Pantry.Configuration;
using Pantry.Server.Jobs;

namespace Pantry.Tests.EndToEnd;

public sealed class ResendTimeTests
{
    private static readonly PantryOptions Options = new() { ResendAfter = TimeSpan.FromSeconds(1), ResendBytesPerSecond = 1_000_000, ResendAnswersPerSecond = 1000 };

    [Theory]
    [InlineData(0, 1, 1.001)]
    [InlineData(0, 2000, 3)]
    [InlineData(1_000_000, 0, 2)]
    [InlineData(1_000_000, 2000, 4)]
    [InlineData(1_000_000_000, 0, 6)]
    [InlineData(0, 1_000_000, 6)]
    public void An_order_is_not_sent_again_before_large_arguments_and_the_answers_of_many_can_have_come(double bytes, int unanswered, double seconds) =>
        Assert.Equal(seconds, JobClock.ResendAfter(bytes, unanswered, TimeSpan.FromSeconds(10), Options).TotalSeconds, tolerance: 0.0001);
}
