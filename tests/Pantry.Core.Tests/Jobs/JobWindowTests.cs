using Pantry.Protocol;
using Pantry.Server.Jobs;

namespace Pantry.Tests.Jobs;

/// <summary>How many targets may be at work.</summary>
public sealed class JobWindowTests
{
    [Fact]
    public void A_percentage_is_one_of_the_targets_that_can_be_started()
    {
        var window = new JobWindow(new RolloutPlan { BatchSize = new Share(50, IsPercent: true), Canary = new Share(25, IsPercent: true), MaxFailure = new Share(0) }, targets: 16);
        for (int refused = 0; refused < 8; refused++)
            window.LeftOut();
        Assert.Equal((null, 2), (window.Stop(), window.Room));

        for (int canary = 0; canary < 2; canary++)
            window.Started(canary: true);
        for (int canary = 0; canary < 2; canary++)
            window.Ended(succeeded: true, wasRunning: true, canary: true);
        Assert.Equal((null, 4), (window.Stop(), window.Room));
    }
}
