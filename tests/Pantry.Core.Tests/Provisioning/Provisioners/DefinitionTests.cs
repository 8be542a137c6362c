using System.Text.Json.Nodes;
using Pantry.Provisioning.Provisioners;
using Pantry.Provisioning.Provisioners.Definitions;

namespace Pantry.Tests.Provisioning.Provisioners;

/// <summary>Provisioners that somebody adds with a file.</summary>
public sealed class DefinitionTests : IDisposable
{
    private const string OpenTofu = """
        name: opentofu
        description: Applies OpenTofu configurations.
        programs: [tofu]
        version:
          arguments: [version]
          pattern: 'OpenTofu v(\S+)'
        install: Install OpenTofu.
        secrets: environment
        apply:
          arguments: ['-chdir={package}', apply, -auto-approve, -json, '-state={state}/{name}.tfstate', '-var-file={parameters}', '{{literal}} {identity} {entry}']
          environment:
            TF_IN_AUTOMATION: '1'
            TF_DATA_DIR: '{work}/data'
            TF_VAR_token: '{secret.TOKEN}'
          report:
            from: output
            format: json_lines
            where: { type: apply_complete }
            resources: hook
            name: resource.addr
            type: resource.resource_type
            status: action
            seconds: elapsed_seconds
            statuses: { changed: [create, update, delete, replace], unchanged: [read, no-op] }
        dry_run:
          arguments: ['-chdir={package}', plan, -json, -detailed-exitcode]
          exit_codes: { unchanged: [0], changed: [2] }
          report:
            format: json_lines
            where: { type: planned_change }
            resources: change
            name: resource.addr
            status: action
        """;

    private readonly ProvisionRig _rig = new();

    public static bool OnWindows => OperatingSystem.IsWindows();

    public void Dispose() => _rig.Dispose();

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task A_defined_provisioner_runs_its_program_with_whole_arguments_and_reads_its_report()
    {
        _rig.Define("opentofu.yaml", OpenTofu);
        _rig.Fake("tofu", """
            [ "$1" = version ] && { echo 'OpenTofu v1.10.6'; echo 'on linux_amd64'; exit 0; }
            for argument in "$@"; do printf '<%s>\n' "$argument"; done > "$0.arguments"; echo "$TF_VAR_token$TOKEN $TF_IN_AUTOMATION $TF_DATA_DIR" > "$0.environment"
            if [ "$2" = plan ]; then
                echo '{"@level":"info","type":"planned_change","change":{"resource":{"addr":"local_file.a"},"action":"create"}}'; exit 2
            fi
            echo '{"@level":"info","type":"version","tofu":"1.10.6"}'
            echo '{"type":"apply_complete","hook":{"resource":{"addr":"local_file.a","resource_type":"local_file"},"action":"create","elapsed_seconds":2}}'
            echo '{"type":"apply_complete","hook":{"resource":{"addr":"data.http.b","resource_type":"http"},"action":"read","elapsed_seconds":0}}'
            """);
        PlannedPackage package = _rig.Package("opentofu", "net", ("main.tf", "")) with { Entry = "a b; c" };

        ProvisionReport would = await _rig.ApplyAsync(package, dryRun: true);
        Assert.Equal((ProvisionStatus.WouldChange, 1, "opentofu", "1.10.6"), (would.Status, would.Changed, would.Tool, would.ToolVersion));

        ProvisionReport report = await _rig.ApplyAsync(package, secrets: ProvisionRig.Secrets(("TOKEN", "hunter22")));
        Assert.Equal((ProvisionStatus.Changed, 1, 1), (report.Status, report.Changed, report.Unchanged));
        Assert.Equal(new ProvisionResource("local_file", "local_file.a", ResourceStatus.Changed, null, TimeSpan.FromSeconds(2)), report.Resources[0]);
        string[] arguments = Kept("tofu.arguments").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(7, arguments.Length);
        Assert.Equal($"<-chdir={package.Directory}>", arguments[0]);
        Assert.Equal("<{literal} app.host a b; c>", arguments[6]);
        Assert.Matches("^hunter22 1 /.*/001/data$", Kept("tofu.environment").Trim());
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task Lines_files_and_exit_codes_can_be_a_report_too()
    {
        _rig.Define("lines.yaml", """
            name: lines
            programs: [lines]
            apply:
              report:
                format: lines
                pattern: '^(?<type>\w+) (?<name>\S+): (?<status>\w+)( \((?<message>.*)\))?$'
                statuses: { changed: [made], unchanged: [kept], failed: [lost] }
            """);
        _rig.Fake("lines", "echo 'beginning'; echo 'file /a: made'; echo 'file /b: KEPT'; echo 'file /c: lost (no space)'\n");
        ProvisionReport lines = await _rig.ApplyAsync(_rig.Package("lines", "p1", ("a", "")));
        Assert.Equal((ProvisionStatus.Failed, 1, 1, 1), (lines.Status, lines.Changed, lines.Unchanged, lines.Failed));
        Assert.Equal("file[/c]: no space", lines.Error!.Message);

        _rig.Define("filed.yaml", """
            name: filed
            programs: [filed]
            secrets: file
            apply:
              arguments: ['{report}', '{secrets}']
              report: { from: file, format: json, resources: items.*, name: $key, status: state.is }
            """);
        _rig.Fake("filed", "cat \"$2\" > \"$0.secrets\"; stat -c %a \"$2\" > \"$0.mode\"; echo '{\"items\":{\"x\":{\"state\":{\"is\":\"Unchanged\"}}}}' > \"$1\"\n");
        ProvisionReport filed = await _rig.ApplyAsync(_rig.Package("filed", "p2", ("a", "")), secrets: ProvisionRig.Secrets(("a", "hunter22")));
        Assert.Equal((ProvisionStatus.Unchanged, "x"), (filed.Status, Assert.Single(filed.Resources).Name));
        Assert.Equal("""{"a":"hunter22"}""", Kept("filed.secrets"));
        Assert.Equal("600", Kept("filed.mode").Trim());

        _rig.Define("codes.yaml", "name: codes\nprograms: [codes]\napply: { arguments: ['{name}'], exit_codes: { unchanged: 0, changed: [3, 4] } }\n");
        _rig.Fake("codes", "[ $1 = same ] && exit 0; [ $1 = other ] && exit 4; echo bad >&2; exit 1\n");
        Assert.Equal(ProvisionStatus.Unchanged, (await _rig.ApplyAsync(_rig.Package("codes", "same", ("a", "")))).Status);
        Assert.Equal(ProvisionStatus.Changed, (await _rig.ApplyAsync(_rig.Package("codes", "other", ("a", "")))).Status);
        Assert.Equal("codes ended with exit code 1: bad", (await _rig.ApplyAsync(_rig.Package("codes", "bad", ("a", "")))).Error!.Message);
        Assert.Equal("DryRunNotOffered", (await _rig.ApplyAsync(_rig.Package("codes", "same", ("a", "")), dryRun: true)).Error!.Code);
        Assert.Contains("takes none", (await _rig.ApplyAsync(_rig.Package("codes", "same", ("a", "")), secrets: ProvisionRig.Secrets(("a", "hunter22")))).Error!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("name: x\nprograms: [y]\nappply:\n  arguments: [a]\n", "1:1", "'apply' is missing")]
    [InlineData("name: X y\nprograms: [y]\napply: { arguments: [a] }\n", "1:7", "must be lower-case letters")]
    [InlineData("name: x\napply: { arguments: [a] }\n", "1:1", "'programs' is missing")]
    [InlineData("name: x\nprograms: [a/b]\napply: { arguments: [a] }\n", "2:12", "must be the name of a program on the PATH, or a full path")]
    [InlineData("name: x\nprograms: [y]\napply:\n  arguments: [a, 'b={nothing}']\n", "4:18", "placeholder '{nothing}', which there is none of")]
    [InlineData("name: x\nprograms: [y]\napply:\n  arguments: ['{secrets}']\n", "4:15", "with 'secrets: file' alone")]
    [InlineData("name: x\nprograms: [y]\nsecrets: environment\napply:\n  arguments: ['{secret.a}']\n", "5:15", "placeholder '{secret.a}', which there is none of")]
    [InlineData("name: x\nprograms: [y]\napply:\n  arguments: ['a{']\n", "4:15", "brace without its other")]
    [InlineData("name: x\nprograms: [y]\nsecrets: argument\napply: { arguments: [a] }\n", "3:10", "must be environment, file or none")]
    [InlineData("name: x\nprograms: [y]\napply:\n  environment: { LD_PRELOAD: a }\n", "4:30", "reserved")]
    [InlineData("name: x\nprograms: [y]\napply: { arguments: [a], exit_codes: { changed: [two] } }\n", "3:50", "must be exit codes")]
    [InlineData("name: x\nprograms: [y]\napply:\n  report: { format: xml }\n", "4:21", "must be json, json_lines or lines")]
    [InlineData("name: x\nprograms: [y]\napply:\n  report: { format: lines, pattern: '(?<name>a)(?=b)' }\n", "4:37", "is no pattern")]
    [InlineData("name: x\nprograms: [y]\napply:\n  report: { format: lines, pattern: 'a' }\n", "4:37", "a group 'name'")]
    [InlineData("name: x\nprograms: [y]\napply:\n  report: { format: json, resources: 'a[0]' , name: b }\n", "4:38", "must be a path")]
    [InlineData("name: x\nprograms: [y]\napply:\n  report: { format: json, name: b, statuses: { changed: [a], failed: [A] } }\n", "4:70", "another status has too")]
    [InlineData("name: x\nprograms: [y]\napply: { arguments: [a] }\nshell: true\n", "4:1", "there is no key 'shell'")]
    [InlineData("name: x\nprograms: &a [y]\napply: { arguments: *a }\n", "3:21", "aliases are not allowed")]
    public void A_file_with_an_error_is_refused_with_its_line_and_column(string yaml, string place, string what)
    {
        _rig.Define("bad.yaml", yaml);

        PantryException refused = Assert.Throws<PantryException>(() => ProvisionerTable.Load(_rig.Definitions, 64));

        Assert.Equal(PantryErrorCode.InvalidConfiguration, refused.Code);
        Assert.Contains($"bad.yaml:{place}:", refused.Message, StringComparison.Ordinal);
        Assert.Contains(what, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_kind_is_defined_once_and_none_of_Pantrys_own_again()
    {
        _rig.Define("puppet.yaml", "name: puppet\nprograms: [y]\napply: { arguments: [a] }\n");
        Assert.Contains("'puppet' is applied by Pantry itself already", Assert.Throws<PantryException>(() => ProvisionerTable.Load(_rig.Definitions, 64)).Message, StringComparison.Ordinal);

        _rig.Define("puppet.yaml", "name: mine\nprograms: [y]\napply: { arguments: [a] }\n");
        _rig.Define("second.yml", "name: mine\nprograms: [y]\napply: { arguments: [a] }\n");
        Assert.Contains("'mine' is applied by 'puppet.yaml' already", Assert.Throws<PantryException>(() => ProvisionerTable.Load(_rig.Definitions, 64)).Message, StringComparison.Ordinal);
        Assert.Equal(PantryErrorCode.LimitReached, Assert.Throws<PantryException>(() => ProvisionerTable.Load(_rig.Definitions, 1)).Code);
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "File modes are POSIX's.")]
    public void A_directory_of_definitions_that_others_can_write_to_is_refused()
    {
        _rig.Define("fine.yaml", "name: mine\nprograms: [y]\napply: { arguments: [a] }\n");
        ProvisionRig.SetMode(_rig.Definitions, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherWrite);

        Assert.Equal(PantryErrorCode.InsecureFile, Assert.Throws<PantryException>(() => ProvisionerTable.Load(_rig.Definitions, 64)).Code);
    }

    [Theory]
    [InlineData("a.b", "[1]")]
    [InlineData("list[*].n", "[1,2]")]
    [InlineData("map.*", "[\"x\",\"y\"]")]
    [InlineData("missing.b[*]", "[]")]
    public void A_path_finds_what_is_there(string path, string expected)
    {
        using var document = System.Text.Json.JsonDocument.Parse("""{"a":{"b":1},"list":[{"n":1},{"n":2},3],"map":{"k":"x","l":"y"}}""");
        Assert.Equal(expected, new JsonArray([.. JsonPath.Parse(path).Select(document.RootElement).Select(found => JsonNode.Parse(found.Value.GetRawText()))]).ToJsonString());
    }

    private string Kept(string name) => File.ReadAllText(Path.Combine(_rig.Programs, name));
}
