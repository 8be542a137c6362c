using System.Text.Json.Nodes;
using Pantry.Provisioning.Provisioners;

namespace Pantry.Tests.Provisioning.Provisioners;

/// <summary>
/// Tools that tests cannot have: a shell script stands for each, keeps its arguments and files, and prints what the tool's documentation or
/// sources say that it prints.
/// </summary>
public sealed class FakeToolTests : IDisposable
{
    // Keeps the arguments, one a line, and is asked for a version by some.
    private const string Keep = """
        for argument in "$@"; do printf '%s\n' "$argument"; done > "$0.arguments"

        """;

    private readonly ProvisionRig _rig = new();

    public static bool OnWindows => OperatingSystem.IsWindows();

    public void Dispose() => _rig.Dispose();

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task A_fake_cinc_client_gets_a_repository_and_a_configuration_and_its_report_is_read()
    {
        _rig.Fake("cinc-client", """
            [ "$1" = --version ] && { echo 'Cinc Client: 18.5.0'; exit 0; }
            """ + "\n" + Keep + """
            cp "$3" "$0.client.rb"; cp "$5" "$0.node.json"
            repository=$(sed -n "s/^chef_repo_path '\(.*\)'$/\1/p" "$3")
            (cd "$repository" && find -L . -type f | sort) > "$0.files"
            bag=$(sed -n "s/^data_bag_path .*, '\(.*\)'\]$/\1/p" "$3")
            cp "$bag/pantry/secrets.json" "$0.secrets"; stat -c %a "$bag/pantry/secrets.json" > "$0.mode"
            report=$(sed -n "s/.*files: \['\(.*\)'\].*/\1/p" "$3")
            [ -f "$report" ] || exit 9
            cat >> "$report" <<'END'
            {"message_type":"run_start","id":"1"}
            {"message_type":"run_converge","message_version":"1.1.0","status":"failure","total_resource_count":4,"updated_resource_count":1,"resources":[{"type":"file","name":"/etc/shop.conf","id":"/etc/shop.conf","after":{},"before":{},"duration":"12","delta":"","ignore_failure":false,"result":"create","status":"updated"},{"type":"service","name":"shop","id":"shop","duration":"3","result":"nothing","status":"up-to-date"},{"type":"execute","name":"migrate","duration":"","result":"run","status":"failed","error_message":"Expected process to exit with [0]"},{"type":"log","name":"later","duration":"","result":"write","status":"unprocessed"}],"error":{"class":"Mixlib::ShellOut::ShellCommandFailed","message":"migrate failed"}}
            END
            exit 1
            """);
        PlannedPackage cookbook = _rig.Package("chef", "shop-cookbook", ("metadata.rb", "name 'shop'\nversion '1.2.3'\n"), ("recipes/default.rb", "file '/etc/shop.conf'\n"));
        PlannedPackage inventory = _rig.Package(
            "chef", "inventory", ("roles/web.json", """{"name":"web","run_list":["recipe[shop]"]}"""), ("environments/production.json", """{"name":"production"}"""),
            ("data_bags/users/alice.json", """{"id":"alice"}"""), ("cookbooks/base/metadata.json", """{"name":"base"}""")) with
        { Apply = false };

        ProvisionReport report = Assert.Single(await _rig.RunAsync(
            ProvisionRig.WithSecrets(_rig.Plan(inventory, cookbook) with { Parameters = new JsonObject { ["shop"] = new JsonObject { ["port"] = 80 } } }, ProvisionRig.Secrets(("db_password", "hunter22")))));

        Assert.Equal(("cinc-client", "18.5.0", ProvisionStatus.Failed), (report.Tool, report.ToolVersion, report.Status));
        Assert.Equal((1, 1, 1, 1), (report.Changed, report.Unchanged, report.Failed, report.Skipped));
        Assert.Equal(TimeSpan.FromMilliseconds(12), report.Resources[0].Duration);
        Assert.Equal("execute[migrate]: Expected process to exit with [0]", report.Error!.Message);
        Assert.Equal(["--local-mode", "--config", "--json-attributes", "--no-color", "--format", "doc", "--force-formatter", "--once", "--no-fork"], Arguments("cinc-client").Where(argument => !argument.StartsWith('/')));
        Assert.Equal(
            ["./cookbooks/base/metadata.json", "./cookbooks/shop/metadata.rb", "./cookbooks/shop/recipes/default.rb", "./data_bags/users/alice.json", "./environments/production.json", "./roles/web.json"],
            Kept("cinc-client.files").Split('\n', StringSplitOptions.RemoveEmptyEntries));
        string configuration = Kept("cinc-client.client.rb");
        Assert.Contains("local_mode true", configuration, StringComparison.Ordinal);
        Assert.Contains("environment 'production'", configuration, StringComparison.Ordinal);
        Assert.Contains("node_name 'app.host'", configuration, StringComparison.Ordinal);
        JsonNode node = JsonNode.Parse(Kept("cinc-client.node.json"))!;
        Assert.Equal("""["role[web]"]""", node["run_list"]!.ToJsonString());
        Assert.Equal((80, "app.host"), ((int)node["shop"]!["port"]!, (string?)node["pantry"]!["identity"]));
        Assert.Equal("600", Kept("cinc-client.mode").Trim());
        Assert.Equal("hunter22", (string?)JsonNode.Parse(Kept("cinc-client.secrets"))!["db_password"]);
        Assert.DoesNotContain("hunter22", configuration + node.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task A_fake_chef_client_in_a_why_run_is_read_from_its_console()
    {
        _rig.Fake("chef-client", """
            [ "$1" = --version ] && { echo 'Chef Infra Client: 18.5.0'; exit 0; }
            """ + "\n" + Keep + """
            cat <<'END'
            Chef Infra Client, version 18.5.0
            Converging 3 resources
            Recipe: shop::default
              * file[/etc/shop.conf] action create
                - Would create new file /etc/shop.conf
                - Would update content in file /etc/shop.conf from none to 2cf24d
              * service[shop] action start (up to date)
              * execute[migrate] action run (skipped due to not_if)

            Infra Phase complete, 1/3 resources would have been updated
            END
            """);

        ProvisionReport report = await _rig.ApplyAsync(_rig.Package("chef", "shop", ("metadata.json", """{"name":"shop"}""")), dryRun: true);

        Assert.Equal((ProvisionStatus.WouldChange, 1, 1, 1), (report.Status, report.Changed, report.Unchanged, report.Skipped));
        Assert.Equal(("file", "/etc/shop.conf", ResourceStatus.WouldChange), (report.Resources[0].Type, report.Resources[0].Name, report.Resources[0].Status));
        Assert.StartsWith("Would create new file", report.Resources[0].Message, StringComparison.Ordinal);
        Assert.Contains("--why-run", Arguments("chef-client"));
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task A_fake_salt_call_gets_states_and_pillar_and_its_result_is_read()
    {
        _rig.Fake("salt-call", """
            [ "$1" = --version ] && { echo 'salt-call 3007.1 (Chlorine)'; exit 0; }
            """ + "\n" + Keep + """
            directory=$(printf '%s' "$2" | sed 's/--config-dir=//')
            cp "$directory/minion" "$0.minion"
            pillar=$(sed -n 's/.*"pillar_roots":{"base":\["\([^"]*\)"\]}.*/\1/p' "$directory/minion")
            cp "$pillar/pantry.sls" "$0.pillar"; stat -c %a "$pillar/pantry.sls" > "$0.mode"
            case "$*" in
            *test=True*) cat <<'END'
            {"local": {"file_|-conf_|-/etc/shop.conf_|-managed": {"name": "/etc/shop.conf", "changes": {"newfile": "/etc/shop.conf"}, "result": null, "comment": "The file /etc/shop.conf is set to be changed", "__sls__": "shop", "__run_num__": 0, "start_time": "10:11:56.781347", "duration": 3.199, "__id__": "conf"}}}
            END
            ;;
            *) cat <<'END'
            {"local": {"service_|-shop_|-shop_|-running": {"name": "shop", "changes": {}, "result": false, "comment": "The named service shop is not available", "__sls__": "shop", "__run_num__": 2, "start_time": "10:11:57.181347", "duration": 21.5, "__id__": "shop"}, "cmd_|-warm_|-curl localhost_|-run": {"changes": {}, "result": false, "duration": 0.004, "start_time": "10:11:57.202847", "comment": "One or more requisite failed: shop.shop", "__run_num__": 3, "__sls__": "shop"}, "file_|-conf_|-/etc/shop.conf_|-managed": {"name": "/etc/shop.conf", "changes": {"diff": "New file"}, "result": true, "comment": "File /etc/shop.conf updated", "__run_num__": 0, "duration": 13.2, "__id__": "conf"}, "pkg_|-deps_|-deps_|-installed": {"name": "deps", "changes": {}, "result": true, "comment": "All specified packages are already installed", "__run_num__": 1, "duration": 388.787, "__id__": "deps"}}}
            END
            exit 2 ;;
            esac
            """);
        PlannedPackage state = _rig.Package("salt", "shop", ("init.sls", "conf:\n  file.managed:\n    - name: /etc/shop.conf\n"));

        ProvisionReport would = await _rig.ApplyAsync(state, dryRun: true);
        Assert.Equal((ProvisionStatus.WouldChange, 1, "3007.1"), (would.Status, would.Changed, would.ToolVersion));
        Assert.Equal(["state.apply", "shop", "test=True"], Arguments("salt-call")[^3..]);

        ProvisionReport report = await _rig.ApplyAsync(state, parameters: new JsonObject { ["port"] = 80 }, secrets: ProvisionRig.Secrets(("db_password", "hunter22 {{ 7 }}")));
        Assert.Equal((ProvisionStatus.Failed, 1, 1, 1, 2), (report.Status, report.Changed, report.Unchanged, report.Failed, report.ExitCode));
        Assert.Equal(["/etc/shop.conf", "deps", "shop", "curl localhost"], report.Resources.Select(resource => resource.Name));
        Assert.Equal((1, ResourceStatus.Skipped), (report.Skipped, report.Resources[3].Status));
        Assert.Equal(("file.managed", TimeSpan.FromMilliseconds(13.2)), (report.Resources[0].Type, report.Resources[0].Duration));
        Assert.Equal("service.running[shop]: The named service shop is not available", report.Error!.Message);
        Assert.Equal(["--local", "--out=json", "--no-color", "--retcode-passthrough", "--log-level=warning", "state.apply", "shop"], Arguments("salt-call").Where(argument => !argument.StartsWith("--config-dir", StringComparison.Ordinal)));
        Assert.StartsWith("#!json\n", Kept("salt-call.pillar"), StringComparison.Ordinal);
        Assert.Equal("hunter22 {{ 7 }}", (string?)JsonNode.Parse(Kept("salt-call.pillar")[7..])!["db_password"]);
        Assert.Equal("600", Kept("salt-call.mode").Trim());
        Assert.Contains("\"file_client\":\"local\"", Kept("salt-call.minion"), StringComparison.Ordinal);
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task A_fake_salt_call_that_cannot_render_fails_with_its_words()
    {
        _rig.Fake("salt-call", """
            [ "$1" = --version ] && { echo 'salt-call 3007.1'; exit 0; }
            echo '{"local": ["Rendering SLS '"'base:shop'"' failed: mapping values are not allowed here"]}'; exit 1
            """);

        ProvisionReport report = await _rig.ApplyAsync(_rig.Package("salt", "shop", ("init.sls", "a: b: c\n")));

        Assert.Equal(ProvisionStatus.Failed, report.Status);
        Assert.Contains("Rendering SLS 'base:shop' failed", report.Error!.Message, StringComparison.Ordinal);
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task A_fake_dsc_gets_the_document_and_its_declared_parameters_and_its_result_is_read()
    {
        _rig.Fake("dsc", """
            [ "$1" = --version ] && { echo 'dsc 3.1.0'; exit 0; }
            """ + "\n" + Keep + """
            cp "$5" "$0.parameters"; stat -c %a "$5" > "$0.mode"
            case "$6" in
            test) echo '{"executionInformation":{"version":"3.1.0"},"results":[{"name":"conf","type":"Shop/File","result":{"desiredState":{},"actualState":{},"inDesiredState":false,"differingProperties":["content"]}},{"name":"group","type":"Microsoft.DSC/Group","result":[{"name":"inner","type":"Shop/File","result":{"desiredState":{},"actualState":{},"inDesiredState":true,"differingProperties":[]}}]}],"messages":[],"hadErrors":false}' ;;
            *) echo '{"results":[{"executionInformation":{"duration":"PT1.5S"},"name":"conf","type":"Shop/File","result":{"beforeState":{},"afterState":{},"changedProperties":["content","mode"]}},{"name":"same","type":"Shop/File","result":{"beforeState":{},"afterState":{},"changedProperties":null}}],"messages":[{"name":"broken","type":"Shop/Service","message":"no such service","level":"error"}],"hadErrors":true}'; exit 2 ;;
            esac
            """);
        PlannedPackage package = _rig.Package("dsc", "shop", ("shop.dsc.yaml", "parameters:\n  port: { type: int }\n  password: { type: secureString }\nresources:\n- name: conf\n  type: Shop/File\n"));
        JsonObject parameters = new() { ["port"] = 80, ["undeclared"] = 1 };
        Dictionary<string, byte[]> secrets = ProvisionRig.Secrets(("password", "hunter22"));

        ProvisionReport would = await _rig.ApplyAsync(package, dryRun: true, parameters, secrets);
        Assert.Equal((ProvisionStatus.WouldChange, 1, 1), (would.Status, would.Changed, would.Unchanged));
        Assert.Equal("content", would.Resources[0].Message);

        ProvisionReport report = await _rig.ApplyAsync(package, parameters: parameters, secrets: secrets);
        Assert.Equal((ProvisionStatus.Failed, "dsc", "3.1.0", 1, 1, 1), (report.Status, report.Tool, report.ToolVersion, report.Changed, report.Unchanged, report.Failed));
        Assert.Equal(TimeSpan.FromSeconds(1.5), report.Resources[0].Duration);
        Assert.Equal("Shop/Service[broken]: no such service", report.Error!.Message);
        Assert.Equal(["--trace-level", "warn", "config", "--parameters-file", "set", "--file", "--output-format", "json"], Arguments("dsc").Where(argument => !argument.StartsWith('/')));
        Assert.Equal("""{"parameters":{"port":80,"password":"hunter22"}}""", Kept("dsc.parameters"));
        Assert.Equal("600", Kept("dsc.mode").Trim());
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task A_fake_PowerShell_stands_in_for_PSDesiredStateConfiguration_where_there_is_no_dsc()
    {
        _rig.Fake("pwsh", """
            case "$*" in *Get-Module*) echo 'version 2.0.7'; exit 0 ;; esac
            """ + "\n" + Keep + """
            cat > "$0.request"
            echo '{"results":[{"name":"conf","type":"Shop/File","result":{"inDesiredState":false,"differingProperties":[]}}],"messages":[],"hadErrors":false}'
            """);

        ProvisionReport report = await _rig.ApplyAsync(
            _rig.Package("dsc", "shop", ("shop.dsc.yaml", "parameters:\n  password: { type: secureString }\nresources:\n- name: conf\n  type: Shop/File\n  properties: { ensure: true, size: 7, text: '7' }\n")),
            secrets: ProvisionRig.Secrets(("password", "hunter22")));

        Assert.Equal((ProvisionStatus.Changed, "PSDesiredStateConfiguration", "2.0.7"), (report.Status, report.Tool, report.ToolVersion));
        JsonNode request = JsonNode.Parse(Kept("pwsh.request"))!;
        // Each text has a mark before it, which the script takes off.
        Assert.Equal("""{"ensure":true,"size":7,"text":"=7"}""", request["resources"]![0]!["properties"]!.ToJsonString());
        Assert.Equal("hunter22", ((string)request["parameters"]!["password"]!)[1..]);
        Assert.DoesNotContain("hunter22", string.Join(' ', Arguments("pwsh")), StringComparison.Ordinal);
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task A_fake_docker_is_asked_what_there_is_before_and_after()
    {
        _rig.Fake("docker", """
            [ "$2" = version ] && { echo 2.40.3; exit 0; }
            for argument in "$@"; do printf '%s\n' "$argument"; done >> "$0.arguments"; echo "password=$DB_PASSWORD port=$PORT" > "$0.environment"
            all="$*"; while [ $# -gt 0 ]; do [ "$1" = --env-file ] && cat "$2" && stat -c %a "$2"; shift; done > "$0.files"
            case "$all" in
            *' ps '*) if [ -f "$0.up" ]; then
                echo '{"ID":"new1","Name":"shop-web-1","Service":"web","State":"running","Health":"healthy","ExitCode":0,"Labels":"com.docker.compose.config-hash=aaa,x=y"}'
                echo '{"ID":"old2","Name":"shop-db-1","Service":"db","State":"running","Health":"","ExitCode":0,"Labels":"com.docker.compose.config-hash=bbb"}'
                echo '{"ID":"new3","Name":"shop-job-1","Service":"job","State":"exited","Health":"","ExitCode":3}'
              else
                echo '[{"ID":"old2","Name":"shop-db-1","Service":"db","State":"running","Health":"","ExitCode":0,"Labels":"com.docker.compose.config-hash=bbb"}]'
              fi ;;
            *'up --detach'*) touch "$0.up" ;;
            *--hash*) printf 'web aaa\ndb bbb\n' ;;
            esac
            """);
        PlannedPackage package = _rig.Package("docker", "Shop", ("compose.yaml", "services: { web: { image: nginx } }\n"));

        ProvisionReport would = await _rig.ApplyAsync(package, dryRun: true);
        Assert.Equal((ProvisionStatus.WouldChange, 1, 1), (would.Status, would.Changed, would.Unchanged));
        Assert.Equal(("web", "would be created"), (would.Resources[0].Name, would.Resources[0].Message));
        Assert.False(File.Exists(Path.Combine(_rig.Programs, "docker.up")));

        ProvisionReport report = await _rig.ApplyAsync(package, parameters: new JsonObject { ["PORT"] = 80, ["LD_PRELOAD"] = "/x" }, secrets: ProvisionRig.Secrets(("DB_PASSWORD", "hunter'22$x")));
        Assert.Equal((ProvisionStatus.Failed, "docker compose", "2.40.3"), (report.Status, report.Tool, report.ToolVersion));
        Assert.Equal(
            [("shop-web-1", ResourceStatus.Changed), ("shop-db-1", ResourceStatus.Unchanged), ("shop-job-1", ResourceStatus.Failed)],
            report.Resources.Select(resource => (resource.Name, resource.Status)));
        Assert.Equal("container[shop-job-1]: exited with 3", report.Error!.Message);
        // Docker itself obeys none of them: they are in files, for the compose file alone.
        Assert.Equal("password= port=", Kept("docker.environment").Trim());
        Assert.Equal("PANTRY_IDENTITY='app.host'\nPORT='80'\nLD_PRELOAD='/x'\n600\nDB_PASSWORD='hunter\\'22$x'\n600\n", Kept("docker.files"));
        Assert.Contains("shop-shop", Arguments("docker"));
        Assert.DoesNotContain("hunter", Kept("docker.arguments"), StringComparison.Ordinal);
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task A_fake_packer_tells_the_ids_of_its_artifacts()
    {
        _rig.Fake("packer", """
            [ "$1" = version ] && { echo 'Packer v1.14.2'; exit 0; }
            """ + "\n" + Keep + """
            echo "$PKR_VAR_token" > "$0.token"
            [ "$1" = validate ] && { echo '1700000000,,ui,say,The configuration is valid.'; exit 0; }
            cp "${3#-var-file=}" "$0.parameters" 2>/dev/null || cp "${4#-var-file=}" "$0.parameters"
            cat <<'END'
            1700000000,,ui,say,==> amazon-ebs.shop: Prevalidating
            1700000001,amazon-ebs.shop,artifact-count,1
            1700000001,amazon-ebs.shop,artifact,0,builder-id,mitchellh.amazonebs
            1700000001,amazon-ebs.shop,artifact,0,id,eu-west-1:ami-0123456789abcdef0
            1700000001,amazon-ebs.shop,artifact,0,string,AMIs were created:\neu-west-1: ami-0123456789abcdef0\n
            1700000001,amazon-ebs.shop,artifact,0,files-count,1
            1700000001,amazon-ebs.shop,artifact,0,file,0,/var/images/shop%!(PACKER_COMMA)1.raw
            1700000001,amazon-ebs.shop,artifact,0,end
            END
            [ -f "$0.break" ] && { printf '1700000002,,error-count,1\n1700000002,qemu.shop,error,Build was halted.\\nNo disk%%!(PACKER_COMMA) no image\n'; exit 1; }
            exit 0
            """);
        PlannedPackage package = _rig.Package("packer", "image", ("shop.pkr.hcl", "source \"amazon-ebs\" \"shop\" {}\n"));
        Dictionary<string, byte[]> secrets = ProvisionRig.Secrets(("token", "hunter22"));

        ProvisionReport would = await _rig.ApplyAsync(package, dryRun: true, secrets: secrets);
        Assert.Equal((ProvisionStatus.WouldChange, 1), (would.Status, would.Changed));

        ProvisionReport report = await _rig.ApplyAsync(package, parameters: new JsonObject { ["size"] = 7 }, secrets: secrets);
        Assert.True(report.Status == ProvisionStatus.Changed, report.LogTail);
        Assert.Equal(["eu-west-1:ami-0123456789abcdef0", "/var/images/shop,1.raw"], report.Artifacts);
        Assert.Equal("""{"size":7}""", Kept("packer.parameters"));
        Assert.Equal("hunter22", Kept("packer.token").Trim());
        Assert.Equal(["build", "-machine-readable", "-on-error=cleanup", "."], Arguments("packer").Where(argument => !argument.StartsWith("-var-file", StringComparison.Ordinal)));

        File.WriteAllText(Path.Combine(_rig.Programs, "packer.break"), "");
        ProvisionReport failed = await _rig.ApplyAsync(package, parameters: new JsonObject { ["size"] = 7 }, secrets: secrets);
        Assert.Equal((ProvisionStatus.Failed, 1, 1), (failed.Status, failed.Changed, failed.Failed));
        Assert.Contains("Build was halted.", failed.Error!.Message, StringComparison.Ordinal);
        Assert.Contains("No disk, no image", failed.Error.Message, StringComparison.Ordinal);
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task What_compose_obeys_or_cannot_read_back_is_refused_and_named_and_a_fake_docker_is_not_run()
    {
        _rig.Fake("docker", "[ \"$2\" = version ] && { echo 2.40.3; exit 0; }\ntouch \"$0.ran\"\n");
        PlannedPackage package = _rig.Package("docker", "web", ("compose.yaml", "services: { web: { image: nginx } }\n"));

        foreach ((string name, string value) in ((string, string)[])[("COMPOSE_FILE", "/x"), ("docker_host", "tcp://x"), ("DIR", @"C:\shop\"), ("QUOTED", @"a\'b"), ("PANTRY_IDENTITY", "other")])
        {
            ProvisionReport plain = await _rig.ApplyAsync(package, parameters: new JsonObject { [name] = value });
            ProvisionReport secret = await _rig.ApplyAsync(package, parameters: [], secrets: ProvisionRig.Secrets((name, value)));

            Assert.All([plain, secret], report =>
            {
                Assert.Equal((ProvisionStatus.Failed, "InvalidArgument"), (report.Status, report.Error!.Code));
                Assert.Contains($"'{name}'", report.Error.Message, StringComparison.Ordinal);
            });
        }

        Assert.False(File.Exists(Path.Combine(_rig.Programs, "docker.ran")));
    }

    [Theory(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    [InlineData("web-port")]
    [InlineData("shop::port")]
    [InlineData("2nd")]
    [InlineData("grün")]
    public async Task A_parameter_that_can_be_no_variable_is_named_where_nothing_but_a_fake_docker_could_take_it(string name)
    {
        _rig.Fake("docker", """
            [ "$2" = version ] && { echo 2.40.3; exit 0; }
            while [ $# -gt 0 ]; do [ "$1" = --env-file ] && cat "$2"; shift; done > "$0.files"
            """);
        PlannedPackage package = _rig.Package("docker", "web", ("compose.yaml", "services: { web: { image: nginx } }\n"));
        var parameters = new JsonObject { [name] = 80, ["PORT"] = 80, ["for-others"] = new JsonObject { ["a-b"] = 1 } };

        foreach (bool dryRun in (bool[])[false, true])
        {
            ProvisionReport refused = await _rig.ApplyAsync(package, dryRun, parameters);
            Assert.Equal((ProvisionStatus.Failed, "InvalidArgument"), (refused.Status, refused.Error!.Code));
            Assert.Contains($"the parameter '{name}' has a name that no variable can have. Use letters, digits and underscores", refused.Error.Message, StringComparison.Ordinal);
        }

        Assert.False(File.Exists(Path.Combine(_rig.Programs, "docker.files")));
        // Another tool's package has parameters in its own words.
        PlannedPackage other = _rig.Package("script", "other", ("apply", "#!/bin/sh\necho unchanged > \"$PANTRY_REPORT\"\n"));
        IReadOnlyList<ProvisionReport> reports = await _rig.RunAsync(_rig.Plan(other, package) with { Parameters = parameters });
        Assert.DoesNotContain(reports, report => report.Error?.Code == "InvalidArgument");
        Assert.Equal("PANTRY_IDENTITY='app.host'\nPORT='80'\n", Kept("docker.files"));
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task A_value_with_quotes_is_written_for_a_fake_docker_as_compose_reads_it()
    {
        _rig.Fake("docker", """
            [ "$2" = version ] && { echo 2.40.3; exit 0; }
            while [ $# -gt 0 ]; do [ "$1" = --env-file ] && cat "$2"; shift; done > "$0.files"
            """);
        PlannedPackage package = _rig.Package("docker", "web", ("compose.yaml", "services: { web: { image: nginx } }\n"));

        await _rig.ApplyAsync(package, parameters: new JsonObject { ["A"] = "it's", ["B"] = "$x \"y\" \\n", ["C"] = "it's $5" });

        Assert.Equal("PANTRY_IDENTITY='app.host'\nA=\"it's\"\nB='$x \"y\" \\n'\nC='it\\'s $5'\n", Kept("docker.files"));
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task Packages_whose_names_differ_have_projects_that_differ_to_a_fake_docker()
    {
        _rig.Fake("docker", """
            [ "$2" = version ] && { echo 2.40.3; exit 0; }
            echo "$5" >> "$0.projects"
            """);

        foreach ((string application, string name) in ((string, string)[])[("app", "shop-web"), ("app", "shop.web"), ("app-shop", "web"), ("app", new string('a', 70) + "1"), ("app", new string('a', 70) + "2")])
        {
            PlannedPackage package = _rig.Package("docker", name, ("compose.yaml", "services: { web: { image: nginx } }\n"));
            await _rig.RunAsync(_rig.Plan(package) with { Client = Pantry.Targeting.ClientLabels.Create("app.host", application, null, []), DryRun = true });
        }

        string[] projects = [.. Kept("docker.projects").Split('\n', StringSplitOptions.RemoveEmptyEntries).Distinct()];
        Assert.Equal(5, projects.Length);
        Assert.Equal("app-shop-web", projects[0]);
        Assert.All(projects, project => Assert.Matches(@"\A[a-z0-9][a-z0-9_-]{0,59}\z", project));
    }

    private string[] Arguments(string tool) => Kept($"{tool}.arguments").Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private string Kept(string name) => File.ReadAllText(Path.Combine(_rig.Programs, name));
}
