using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Provisioning.Reports;

namespace Pantry.Tests.Provisioning.Reports;

/// <summary>What is kept of a tool's report where not all of it fits.</summary>
public sealed class ReportBuilderTests
{
    private readonly ReportBuilder _builder = new(new ProvisionLimits { Resources = 3 }, new SecretRedactor([]));

    [Fact]
    public void A_failure_is_listed_and_fails_the_report_however_much_was_changed_before_it()
    {
        for (int i = 0; i < 5; i++)
            _builder.Add("file", $"changed{i}", ResourceStatus.Changed);
        _builder.Add("service", "web", ResourceStatus.Failed, "does not start");

        ToolReport report = _builder.Build();

        Assert.Equal((ProvisionStatus.Failed, 5, 1, 3), (report.Status(dryRun: false), report.Changed, report.Failed, report.LeftOut));
        Assert.Equal("service[web]: does not start", report.Failure);
        Assert.Equal(["changed0", "changed1", "web"], report.Resources.Select(resource => resource.Name));
    }

    [Fact]
    public void What_failed_is_kept_before_what_changed_and_that_before_the_rest_in_the_order_in_which_they_came()
    {
        _builder.Add("file", "same", ResourceStatus.Unchanged);
        _builder.Add("file", "one", ResourceStatus.Changed);
        _builder.Add("file", "left", ResourceStatus.Skipped);
        _builder.Add("file", "two", ResourceStatus.Failed);

        Assert.Equal(["same", "one", "two"], _builder.Build().Resources.Select(resource => resource.Name));
        Assert.Equal(["one", "two"], _builder.Build(2).Resources.Select(resource => resource.Name));
        Assert.Equal(["two"], _builder.Build(1).Resources.Select(resource => resource.Name));
    }
}
