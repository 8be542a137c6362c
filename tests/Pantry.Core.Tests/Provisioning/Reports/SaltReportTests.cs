using System.Text;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Provisioning.Reports;

namespace Pantry.Tests.Provisioning.Reports;

/// <summary>States as Salt's compiler returns them, those too that never ran.</summary>
public sealed class SaltReportTests
{
    [Theory]
    [InlineData("""{"name": "/etc/motd", "changes": {"diff": "x"}, "result": true, "comment": "", "__run_num__": 0}""", ResourceStatus.Changed)]
    [InlineData("""{"name": "/etc/motd", "changes": {}, "result": true, "comment": "", "__run_num__": 0}""", ResourceStatus.Unchanged)]
    [InlineData("""{"name": "/etc/motd", "changes": {}, "result": null, "comment": "", "__run_num__": 0}""", ResourceStatus.Changed)]
    [InlineData("""{"name": "/etc/motd", "changes": {}, "result": false, "comment": "", "__run_num__": 0}""", ResourceStatus.Failed)]
    [InlineData("""{"changes": {}, "result": true, "comment": "not run", "__state_ran__": false, "__run_num__": 0, "__sls__": "a"}""", ResourceStatus.Skipped)]
    [InlineData("""{"name": "/etc/motd", "changes": {}, "result": true, "comment": ["onlyif condition is false"], "skip_watch": true, "__run_num__": 0}""", ResourceStatus.Skipped)]
    [InlineData("""{"changes": {}, "result": false, "comment": "One or more requisite failed: a.b", "__run_num__": 0, "__sls__": "a"}""", ResourceStatus.Skipped)]
    [InlineData("""{"changes": {}, "result": false, "comment": "The following requisites were not found:\n  require: x", "__run_num__": 0, "__sls__": "a"}""", ResourceStatus.Failed)]
    public void A_state_is_what_its_result_says_and_one_that_was_not_reached_is_left_out(string state, ResourceStatus status)
    {
        ToolReport report = Read($$$"""{"local": {"file_|-motd_|-/etc/motd_|-managed": {{{state}}}}}""")!;

        ProvisionResource resource = Assert.Single(report.Resources);
        Assert.Equal(("file.managed", "/etc/motd", status), (resource.Type, resource.Name, resource.Status));
    }

    [Fact]
    public void A_name_may_hold_what_separates_a_key_and_need_not_be_said_twice()
    {
        ToolReport report = Read("""{"local": {"cmd_|-a_|-b_|-echo _|- c_|-run": {"changes": {}, "result": true, "__run_num__": 1}, "odd": {"result": true, "changes": {}, "__run_num__": 0}}}""")!;

        Assert.Equal(["odd", "b_|-echo _|- c"], report.Resources.Select(resource => resource.Name));
        Assert.Equal(["", "cmd.run"], report.Resources.Select(resource => resource.Type));
    }

    [Fact]
    public void Marks_among_the_states_are_none_and_nothing_but_marks_is_a_failure()
    {
        Assert.Equal((1, 0), Read("""{"local": {"__FAILHARD__": true, "file_|-a_|-a_|-managed": {"result": true, "changes": {}}}}""") is { } report ? (report.Unchanged, report.Failed) : default);
        Assert.NotNull(Read("""{"local": {"retcode": 1}}""")!.Failure);
        Assert.Null(Read("""{"local": {}}""")!.Failure);
        Assert.Equal("no.None[No States]: No Top file matches", Read("""{"local": {"no_|-states_|-states_|-None": {"result": false, "comment": "No Top file matches", "name": "No States", "changes": {}, "__run_num__": 0}}}""")!.Failure);
        Assert.Equal("No matching sls found for 'x' in env 'base'", Read("""{"local": ["No matching sls found for 'x' in env 'base'"]}""")!.Failure);
        Assert.Null(Read("""{"other": {}}"""));
    }

    private static ToolReport? Read(string json)
    {
        var builder = new ReportBuilder(new ProvisionLimits(), new SecretRedactor([]));
        return SaltReport.Read(Encoding.UTF8.GetBytes(json), builder) ? builder.Build() : null;
    }
}
