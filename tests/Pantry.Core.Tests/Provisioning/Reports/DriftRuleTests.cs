using Pantry.Provisioning.Reports;
using static Pantry.Tests.Provisioning.Reports.SampleReport;

namespace Pantry.Tests.Provisioning.Reports;

/// <summary>When a report says that something else has changed the machine.</summary>
public sealed class DriftRuleTests
{
    [Theory]
    [InlineData("a=Changed b=Unchanged", true)]
    [InlineData("a=Unchanged b=Unchanged", false)]
    [InlineData("a=Failed b=Changed", true)]
    [InlineData("a=Failed b=Unchanged", null)]
    public void What_had_to_be_changed_though_the_plan_was_there_has_drifted(string resources, bool? drift)
    {
        Assert.Equal(drift, DriftRule.Of(Of(resources), wasThere: true));
        Assert.Null(DriftRule.Of(Of(resources), wasThere: false));
    }

    [Fact]
    public void A_dry_run_shows_drift_as_well() => Assert.True(DriftRule.Of(Of("a=WouldChange b=Unchanged", dryRun: true), wasThere: true));

    [Fact]
    public void Nothing_is_claimed_of_a_tool_that_lists_no_resources_or_makes_things_anew()
    {
        Assert.Null(DriftRule.Of(Of("") with { Status = ProvisionStatus.Changed, Changed = 3 }, wasThere: true));
        // A script that says nothing of itself is one resource, and always changed.
        Assert.Null(DriftRule.Of(Of("web=Changed"), wasThere: true));
        Assert.False(DriftRule.Of(Of("web=Unchanged"), wasThere: true));
        Assert.Null(DriftRule.Of(Of("image=Changed b=Unchanged") with { Artifacts = ["sha256:1"] }, wasThere: true));
        // A package that manages what has its name lists that among others.
        Assert.True(DriftRule.Of(Of("web=Changed b=Unchanged"), wasThere: true));
    }

    [Fact]
    public void Nothing_is_claimed_without_a_plan_and_of_what_was_not_run()
    {
        Assert.Null(DriftRule.Of(Of("a=Changed b=Unchanged", plan: null), wasThere: true));
        Assert.Null(DriftRule.Of(Of("a=Changed b=Unchanged") with { Status = ProvisionStatus.NotRun }, wasThere: true));
        Assert.Null(DriftRule.Of(Of("") with { Status = ProvisionStatus.TimedOut }, wasThere: true));
    }

    [Fact]
    public void What_has_drifted_are_the_resources_that_changed()
    {
        ProvisionReport report = Of("a=Changed b=Unchanged c=WouldChange d=Failed");
        Assert.Empty(report.Drifted);
        Assert.Equal(["a", "c"], (report with { Drift = true }).Drifted.Select(resource => resource.Name));
    }
}
