using System.Text;
using System.Text.Json;
using Pantry.Configuration;
using Pantry.Provisioning.Reports;

namespace Pantry.Tests.Provisioning.Reports;

/// <summary>What a client returns is read as data: bounded, and never a reason for the server to stop.</summary>
public sealed class ReportIntakeTests
{
    private const int MostBytes = 64 * 1024;
    private static readonly ProvisionLimits Limits = new();

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[1, 2]")]
    [InlineData("[{\"package\":\"web\"}]")]
    [InlineData("[{\"package\":null,\"version\":\"1\",\"kind\":\"chef\"}]")]
    [InlineData("[{\"package\":\"web\",\"version\":\"1\",\"kind\":\"chef\",\"duration\":\"99999999999.00:00:00\"}]")]
    [InlineData("[{\"package\":\"web\",\"version\":\"\\ud800\",\"kind\":\"chef\"}]")]
    [InlineData("[{\"package\":\"web\",\"package\":\"db\",\"version\":\"1\",\"kind\":\"chef\"}]")]
    [InlineData("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[")]
    public void What_is_no_list_of_reports_is_none(string output)
    {
        Assert.Empty(ReportIntake.Read(Encoding.UTF8.GetBytes(output), Limits, MostBytes) ?? []);
    }

    [Fact]
    public void A_list_with_holes_keeps_what_is_a_report_and_drops_what_claims_a_name_that_is_none()
    {
        byte[] output = Encoding.UTF8.GetBytes("""
            [null, {"package":"web","version":"1.0.0","kind":"chef","client":"another","jobId":"another","drift":true,"resources":[null]}, {"package":"../etc","version":"1","kind":"chef"}]
            """);

        ProvisionReport report = Assert.Single(ReportIntake.Read(output, Limits, MostBytes)!);

        Assert.Equal(("web", "", "", null, 0), (report.Package, report.Client, report.JobId, report.Drift, report.Resources.Count));
    }

    [Fact]
    public void Whatever_a_report_says_is_bounded_and_has_no_control_characters()
    {
        string endless = new string('x', 100_000) + "\u001b[31m", tooLong = new string('x', 2 * Limits.MessageLength) + "\u001b[31m";
        ProvisionReport report = Read(SampleReport.Of("") with
        {
            Version = endless,
            Kind = endless,
            Tool = "\u001b]0;title\u0007",
            Status = (ProvisionStatus)99,
            Changed = -5,
            Duration = TimeSpan.FromDays(-1),
            ResourcesLeftOut = int.MaxValue,
            Resources = [.. Enumerable.Range(0, 5000).Select(number => new ProvisionResource(tooLong, tooLong, number == 4 ? (ResourceStatus)77 : ResourceStatus.Unchanged, tooLong))],
            Artifacts = [.. Enumerable.Repeat(endless, 500)],
            Error = new CommandError(endless, endless),
            LogPath = endless,
            LogTail = endless,
            Plan = "not a digest",
        });

        Assert.True(ReportIntake.ToBytes(report).Length <= MostBytes + (Limits.Artifacts * Limits.NameLength) + Limits.LogTailBytes);
        Assert.Equal((ProvisionStatus.Failed, 0, TimeSpan.Zero, int.MaxValue, null), (report.Status, report.Changed, report.Duration, report.ResourcesLeftOut, report.Plan));
        Assert.Equal(Limits.Artifacts, report.Artifacts.Count);
        Assert.Equal((Limits.NameLength, Limits.MessageLength), (report.Version.Length, report.Error!.Message.Length));
        Assert.DoesNotContain(JsonSerializer.Serialize(report), character => char.IsControl(character));
        Assert.DoesNotContain("\\u001b", JsonSerializer.Serialize(report), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Of_a_report_that_is_too_large_what_failed_and_changed_is_kept_before_what_did_not()
    {
        string message = new('m', 900);
        ProvisionReport report = Read(SampleReport.Of("") with
        {
            Unchanged = 999,
            Changed = 1,
            Resources = [.. Enumerable.Range(0, 1000).Select(number => new ProvisionResource("file", $"f{number}", number == 700 ? ResourceStatus.Changed : ResourceStatus.Unchanged, message))],
        });

        Assert.InRange(ReportIntake.ToBytes(report).Length, MostBytes / 4, MostBytes);
        Assert.Contains(report.Resources, resource => resource.Name == "f700");
        Assert.Equal(1000, report.Resources.Count + report.ResourcesLeftOut);
        Assert.Equal("f0", report.Resources[0].Name);
    }

    [Fact]
    public void No_more_reports_are_taken_than_a_run_has_packages()
    {
        byte[] output = JsonSerializer.SerializeToUtf8Bytes([.. Enumerable.Repeat(SampleReport.Of(""), 1000)], ProvisionJson.Default.IReadOnlyListProvisionReport);
        Assert.Equal(Limits.Packages, ReportIntake.Read(output, Limits, MostBytes)!.Count);
    }

    private static ProvisionReport Read(ProvisionReport report) => Assert.Single(ReportIntake.Read(
        JsonSerializer.SerializeToUtf8Bytes([report], ProvisionJson.Default.IReadOnlyListProvisionReport), Limits, MostBytes)!);
}
