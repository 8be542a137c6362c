using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Provisioning.Provisioners.Definitions;
using Pantry.Provisioning.Reports;
using Pantry.Tests.Fuzzing;

namespace Pantry.Tests.Provisioning.Reports;

/// <summary>Reports come from programs, which may be anybody's: damaged ones are read as far as that goes, or not at all.</summary>
[Collection(nameof(FuzzRun))]
public sealed class ReportFuzzTests
{
    // A report is read once, and a document of JSON or YAML takes a multiple of its bytes.
    private const long BytesOfByte = 2_000;

    private const string Puppet = """
        --- !ruby/object:Puppet::Transaction::Report
        host: vm
        status: failed
        logs:
        - level: err
          message: &1 'it broke'
          source: *1
        resource_statuses:
          File[/a]:
            title: "/a"
            resource_type: File
            evaluation_time: 0.00022119
            failed: false
            changed: true
            skipped: false
            events:
            - property: ensure
              message: |-
                defined
                content
              status: success
          Service[b]: {title: b, resource_type: Service, failed: true, events: [{status: failure, message: no}]}
        """;

    [Fact]
    public void Puppets_report_and_summary_are_read_or_not() => FuzzRun.Run(
        (damaged, _) => Read(report => PuppetReport.Read(damaged, report)) | Read(report => PuppetReport.ReadSummary(damaged, report)),
        BytesOfByte,
        [Bytes(Puppet), Bytes("---\nresources:\n  changed: 1\n  failed: 0\n  total: 12\n  skipped: 1\n")]);

    [Fact]
    public void Reports_of_lines_are_read_or_not() => FuzzRun.Run(
        (damaged, _) => Read(report => AnsibleReport.Read(damaged, report)) | Read(report => ChefReport.Read(damaged, report)) | Read(report => ChefReport.ReadWhyRun(damaged, report))
            | Read(report => PackerReport.Read(damaged, report)) | Read(report => ComposeReport.ReadPlan(damaged, damaged, report)) | Read(report => Compose(damaged, report)),
        BytesOfByte,
        [
            Bytes("{\"task\":\"a\",\"action\":\"copy\",\"status\":\"ok\",\"changed\":true,\"message\":\"m\",\"duration\":0.5}\n{\"stats\":{}}\n"),
            Bytes("{\"message_type\":\"run_converge\",\"status\":\"failure\",\"resources\":[{\"type\":\"file\",\"name\":\"/a\",\"duration\":\"12\",\"status\":\"updated\"}],\"error\":{\"message\":\"no\"}}\n"),
            Bytes("  * file[/a] action create\n    - Would create\n  * service[b] action start (up to date)\nInfra Phase complete, 1/2\n"),
            Bytes("1700000001,a,artifact,0,id,ami-1\n1700000001,a,artifact,0,file,0,/x%!(PACKER_COMMA)y\n1700000002,,error-count,1\n1700000002,q,error,no\n"),
            Bytes("web aaa\n{\"ID\":\"1\",\"Name\":\"n\",\"Service\":\"web\",\"State\":\"running\",\"Labels\":\"com.docker.compose.config-hash=aaa\",\"ExitCode\":0}\n"),
        ]);

    [Fact]
    public void Reports_of_one_document_are_read_or_not() => FuzzRun.Run(
        (damaged, _) => Read(report => SaltReport.Read(damaged, report)) | Read(report => DscReport.Read(damaged, report)) | Read(report => ScriptReport.Read(damaged, "p", report)),
        BytesOfByte,
        [
            Bytes("{\"local\":{\"file_|-c_|-/a_|-managed\":{\"changes\":{\"d\":1},\"result\":true,\"comment\":\"c\",\"__run_num__\":0,\"duration\":3.1}}}"),
            Bytes("{\"results\":[{\"name\":\"n\",\"type\":\"t\",\"executionInformation\":{\"duration\":\"PT1S\"},\"result\":{\"changedProperties\":[\"a\"]}},{\"name\":\"g\",\"type\":\"G\",\"result\":[{\"name\":\"i\",\"type\":\"t\",\"result\":{\"inDesiredState\":false,\"differingProperties\":[\"b\"]}}]}],\"messages\":[],\"hadErrors\":false}"),
            Bytes("{\"changed\":true,\"failed\":false,\"resources\":[{\"name\":\"a\",\"type\":\"t\",\"status\":\"Changed\",\"message\":\"m\",\"duration\":1.5}],\"artifacts\":[\"x\"]}"),
            Bytes("unchanged\n"),
        ]);

    [Fact]
    public void Reports_that_a_definition_describes_are_read_or_not()
    {
        var json = new DefinedReport { Format = ReportFormat.Json, Resources = JsonPath.Parse("items[*]"), Name = JsonPath.Parse("n"), Status = JsonPath.Parse("s"), Seconds = JsonPath.Parse("t") };
        var lines = new DefinedReport { Format = ReportFormat.Lines, Pattern = new("^(?<name>\\S+): (?<status>\\w+)", System.Text.RegularExpressions.RegexOptions.NonBacktracking) };
        FuzzRun.Run(
            (damaged, _) => Read(report => DefinedReportReader.Read(damaged, json, report)) | Read(report => DefinedReportReader.Read(damaged, json with { Format = ReportFormat.JsonLines }, report)) | Read(report => DefinedReportReader.Read(damaged, lines, report)),
            BytesOfByte,
            [Bytes("{\"items\":[{\"n\":\"a\",\"s\":\"Changed\",\"t\":1}]}"), Bytes("a: changed\nb: failed\n")]);
    }

    [Theory]
    [InlineData("[")]
    [InlineData("{")]
    [InlineData("- ")]
    [InlineData("? ")]
    public void A_report_that_is_nested_without_end_costs_neither_stack_nor_time(string bracket)
    {
        byte[] nested = Bytes(string.Concat(Enumerable.Repeat(bracket, 1_000_000)));
        long begun = Stopwatch.GetTimestamp();

        Assert.True(YamlReport.TryParse(nested, 48, 16 * 1024 * 1024) is null);
        Assert.True(YamlReport.TryParse(Bytes(string.Concat(Enumerable.Range(0, 2000).Select(depth => new string(' ', depth) + "-\n"))), 48, 16 * 1024 * 1024) is null);
        Assert.True(ReportJson.TryParse(nested, 48) is null);
        Assert.InRange(Stopwatch.GetElapsedTime(begun), TimeSpan.Zero, TimeSpan.FromSeconds(20));
    }

    [Fact]
    public void Aliases_that_repeat_a_large_text_are_bounded()
    {
        var bomb = new StringBuilder("a: &x '").Append('y', 100_000).Append("'\nb:\n");
        for (int i = 0; i < 5000; i++)
            bomb.Append("- *x\n");
        long before = GC.GetAllocatedBytesForCurrentThread();

        using JsonDocument? document = YamlReport.TryParse(Bytes(bomb.ToString()), 48, 1024 * 1024);

        Assert.True(document is null);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 * 1024 * 1024);
    }

    private static bool Read(Func<ReportBuilder, bool> read)
    {
        var report = new ReportBuilder(new ProvisionLimits { ReportBytes = 1024 * 1024, Resources = 20 }, new SecretRedactor([]));
        bool told = read(report);
        ToolReport built = report.Build();
        Assert.InRange(built.Resources.Count, 0, 20);
        Assert.All(built.Resources, resource => Assert.InRange(resource.Name.Length + (resource.Message?.Length ?? 0), 0, 1400));
        return told;
    }

    private static bool Compose(byte[] json, ReportBuilder report)
    {
        ComposeReport.Read(json, json, report);
        return report.Total > 0;
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
