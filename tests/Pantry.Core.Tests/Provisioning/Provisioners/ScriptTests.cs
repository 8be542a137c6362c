using System.Text.Json.Nodes;
using Pantry.Commands;
using Pantry.Provisioning.Provisioners;

namespace Pantry.Tests.Provisioning.Provisioners;

/// <summary>Packages that bring their own program; and what holds for every tool: order, bounds, ends, secrets.</summary>
public sealed class ScriptTests : IDisposable
{
    private readonly ProvisionRig _rig = new();

    public static bool OnWindows => OperatingSystem.IsWindows();

    public void Dispose() => _rig.Dispose();

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task A_script_says_whether_it_changed_something_and_counts_as_a_change_if_it_does_not()
    {
        Assert.Equal(ProvisionStatus.Changed, (await _rig.ApplyAsync(_rig.Package("script", "silent", ("apply", "#!/bin/sh\n")))).Status);
        Assert.Equal(ProvisionStatus.Unchanged, (await _rig.ApplyAsync(_rig.Package("script", "word", ("apply", "#!/bin/sh\necho unchanged > \"$PANTRY_REPORT\"\n")))).Status);

        ProvisionReport told = await _rig.ApplyAsync(_rig.Package("script", "told", ("apply", """
            #!/bin/sh
            echo '{"resources":[{"type":"file","name":"a","status":"Changed","message":"new","duration":0.5},{"name":"b","status":"unchanged"}],"artifacts":["image:1"]}' > "$PANTRY_REPORT"
            """)));
        Assert.Equal((ProvisionStatus.Changed, 1, 1), (told.Status, told.Changed, told.Unchanged));
        Assert.Equal(new ProvisionResource("file", "a", ResourceStatus.Changed, "new", TimeSpan.FromSeconds(0.5)), told.Resources[0]);
        Assert.Equal(["image:1"], told.Artifacts);

        ProvisionReport failed = await _rig.ApplyAsync(_rig.Package("script", "fails", ("apply", "#!/bin/sh\necho no space left >&2; exit 7\n")));
        Assert.Equal((ProvisionStatus.Failed, 7), (failed.Status, failed.ExitCode));
        Assert.Equal("The script ended with exit code 7: no space left", failed.Error!.Message);
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task A_status_that_nobody_gave_a_meaning_is_taken_for_a_change()
    {
        ProvisionReport report = await _rig.ApplyAsync(_rig.Package("script", "odd", ("apply", "#!/bin/sh\necho '{\"resources\":[{\"name\":\"a\",\"status\":\"error\"},{\"name\":\"b\"}]}' > \"$PANTRY_REPORT\"\n")));

        Assert.Equal((ProvisionStatus.Changed, 1, 1), (report.Status, report.Changed, report.Unchanged));
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task A_row_fails_with_the_resource_that_failed_though_more_were_changed_before_it_than_a_report_lists()
    {
        PlannedPackage package = _rig.Package("script", "long", ("apply", """
            #!/bin/sh
            i=0
            { printf '{"resources":['
            while [ $i -le 1000 ]; do printf '{"type":"file","name":"f%s","status":"changed"},' $i; i=$((i+1)); done
            printf '{"type":"service","name":"web","status":"failed","message":"does not start"}]}'; } > "$PANTRY_REPORT"
            """));

        CommandOutcome row = ProvisionCommand.Outcome(await _rig.RunToResultAsync(_rig.Plan(package)));

        Assert.Equal(CommandStatus.Failed, row.Status);
        Assert.Equal("long 1.2.3 failed with script: service[web]: does not start", row.Error!.Message);
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task A_dry_run_is_the_packages_plan_and_without_one_nothing_is_run()
    {
        string mark = Path.Combine(_rig.Machine, "done");
        ProvisionReport without = await _rig.ApplyAsync(_rig.Package("script", "without", ("apply", $"#!/bin/sh\ntouch {mark}\n")), dryRun: true);
        Assert.Equal((ProvisionStatus.NotRun, "DryRunNotOffered"), (without.Status, without.Error!.Code));

        ProvisionReport with = await _rig.ApplyAsync(_rig.Package("script", "with", ("apply", $"#!/bin/sh\ntouch {mark}\n"), ("plan", "#!/bin/sh\necho changed > \"$PANTRY_REPORT\"\n")), dryRun: true);
        Assert.Equal(ProvisionStatus.WouldChange, with.Status);
        Assert.False(File.Exists(mark));
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task A_script_has_its_parameters_secrets_and_the_client_in_its_environment()
    {
        ProvisionReport report = await _rig.ApplyAsync(
            _rig.Package("script", "asks", ("apply", $"#!/bin/sh\ncat \"$PANTRY_PARAMETERS\" > {_rig.Machine}/parameters\necho \"$PANTRY_IDENTITY $PANTRY_APPLICATION $PANTRY_ROLES $PANTRY_VERSION\" > {_rig.Machine}/who\nprintf '%s' \"$PANTRY_SECRET_TOKEN\" > {_rig.Machine}/token\necho \"token is $PANTRY_SECRET_TOKEN$TOKEN\"; echo \"$PANTRY_SECRET_TOKEN\" >&2; exit 3\n")),
            parameters: new JsonObject { ["a"] = new JsonArray(1, "two") }, secrets: ProvisionRig.Secrets(("TOKEN", "hunter22")));

        Assert.Equal("""{"a":[1,"two"]}""", File.ReadAllText($"{_rig.Machine}/parameters"));
        Assert.Equal("app.host shop web,db 1.2.3", File.ReadAllText($"{_rig.Machine}/who").Trim());
        Assert.Equal("hunter22", File.ReadAllText($"{_rig.Machine}/token"));
        Assert.Equal("The script ended with exit code 3: ********", report.Error!.Message);
        Assert.Contains("token is ********", report.LogTail, StringComparison.Ordinal);
        Assert.Equal([$"{_rig.Machine}/token"], _rig.FilesWith("hunter22"));
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task A_secret_whose_name_is_none_for_a_variable_comes_with_underscores_and_two_that_become_one_fail()
    {
        PlannedPackage package = _rig.Package("script", "asks", ("apply", $"#!/bin/sh\nprintf '%s' \"$PANTRY_SECRET_shop__db_password $PANTRY_SECRET__1 $PANTRY_SECRET_LD_X\" > {_rig.Machine}/token\n"));

        ProvisionReport report = await _rig.ApplyAsync(package, secrets: ProvisionRig.Secrets(("shop::db-password", "hunter22"), ("1", "hunter33"), ("LD_X", "hunter44")));
        Assert.True(report.Status == ProvisionStatus.Changed, report.Error?.Message);
        Assert.Equal("hunter22 hunter33 hunter44", File.ReadAllText($"{_rig.Machine}/token"));

        ProvisionReport twice = await _rig.ApplyAsync(package, secrets: ProvisionRig.Secrets(("a-b", "hunter22"), ("a_b", "hunter33")));
        Assert.Equal(ProvisionStatus.Failed, twice.Status);
        Assert.Contains("two parameters with secrets become the variable 'PANTRY_SECRET_a_b'", twice.Error!.Message, StringComparison.Ordinal);
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task The_name_of_a_credentials_user_is_shown_and_every_other_secret_is_not()
    {
        PlannedPackage package = _rig.Package("script", "tells", ("apply", "#!/bin/sh\necho \"$PANTRY_SECRET_db_USERNAME $PANTRY_SECRET_db $PANTRY_SECRET_API_USERNAME\"\n"));

        ProvisionReport report = await _rig.ApplyAsync(package, secrets: ProvisionRig.Secrets(("db", "hunter22"), ("db_USERNAME", "somebody"), ("API_USERNAME", "hunter33")));

        Assert.Contains("somebody ******** ********", report.LogTail, StringComparison.Ordinal);
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task Packages_are_applied_in_order_and_what_comes_after_one_that_fails_is_not_reached()
    {
        IReadOnlyList<ProvisionReport> reports = await _rig.RunAsync(_rig.Plan(
            _rig.Package("script", "one", ("apply", $"#!/bin/sh\necho one >> {_rig.Machine}/order\n")), _rig.Package("script", "library") with { Apply = false },
            _rig.Package("script", "two", ("apply", $"#!/bin/sh\necho two >> {_rig.Machine}/order; exit 1\n")), _rig.Package("script", "three", ("apply", $"#!/bin/sh\necho three >> {_rig.Machine}/order\n"))));

        Assert.Equal([ProvisionStatus.Changed, ProvisionStatus.Failed, ProvisionStatus.NotRun], reports.Select(report => report.Status));
        Assert.Equal(["one", "two"], File.ReadAllLines($"{_rig.Machine}/order"));
        Assert.Equal("NotReached", reports[2].Error!.Code);
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task What_is_missing_is_named_the_tool_the_kind_the_package_and_its_program()
    {
        PlannedPackage salt = _rig.Package("salt", "shop", ("init.sls", ""));
        ProvisionReport tool = Assert.Single(await _rig.RunAsync(_rig.Plan(salt) with { SearchPath = _rig.Programs }));
        Assert.Equal((ProvisionStatus.Failed, "ToolMissing"), (tool.Status, tool.Error!.Code));
        Assert.Contains("salt-call", tool.Error.Message, StringComparison.Ordinal);
        Assert.Contains("Install salt-minion", tool.Error.Message, StringComparison.Ordinal);

        ProvisionReport kind = await _rig.ApplyAsync(_rig.Package("cfengine", "shop", ("a", "")));
        Assert.Equal("NotOffered", kind.Error!.Code);
        Assert.Contains("ansible, chef, docker, dsc, packer, powershell, puppet, salt, script", kind.Error.Message, StringComparison.Ordinal);

        ProvisionReport package = await _rig.ApplyAsync(new PlannedPackage("gone", "1.0.0", "script", Path.Combine(_rig.Root, "gone")));
        Assert.Contains("is not on this machine", package.Error!.Message, StringComparison.Ordinal);

        ProvisionReport program = await _rig.ApplyAsync(_rig.Package("script", "plain", ("apply", "no program\n")));
        Assert.Contains("'apply' is not executable", program.Error!.Message, StringComparison.Ordinal);
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task An_entry_leads_out_of_no_package()
    {
        PlannedPackage package = _rig.Package("script", "escape", ("apply", "#!/bin/sh\n"));
        File.CreateSymbolicLink(Path.Combine(package.Directory, "link"), "/bin/true");

        foreach (string entry in (string[])["../../bin/true", "/bin/true", "link", "a/../apply"])
        {
            ProvisionReport report = await _rig.ApplyAsync(package with { Entry = entry });
            Assert.Equal(ProvisionStatus.Failed, report.Status);
            Assert.Null(report.LogPath);
        }
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task Parameters_with_shell_characters_stay_what_they_are()
    {
        const string Hostile = "$(touch /tmp/pantry-owned) `id` ; rm -rf / ' \" \\ \n {{ 7*7 }} <%= 7*7 %>";
        ProvisionReport report = await _rig.ApplyAsync(_rig.Package("script", "asks", ("apply", $"#!/bin/sh\ncp \"$PANTRY_PARAMETERS\" {_rig.Machine}/p\n")), parameters: new JsonObject { ["x"] = Hostile });

        Assert.Equal(ProvisionStatus.Changed, report.Status);
        Assert.Equal(Hostile, (string?)JsonNode.Parse(File.ReadAllText($"{_rig.Machine}/p"))!["x"]);
    }
}
