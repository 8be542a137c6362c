using System.Diagnostics;
using System.Text.Json.Nodes;
using Pantry.Provisioning.Provisioners;

namespace Pantry.Tests.Provisioning.Provisioners;

/// <summary>The real Puppet, and a real module that writes files below a directory of the test.</summary>
public sealed class PuppetTests : IDisposable
{
    private const string Module = """
        class shop(String $root, String $greeting = 'hello', Boolean $breaks = false, Optional[Variant[String, Sensitive[String]]] $password = undef) {
          file { "${root}/shop.conf": content => "${greeting} ${facts['pantry_identity']}\n", mode => '0640' }
          file { "${root}/shop.service": content => epp('shop/unit.epp', { 'root' => $root }), mode => '0644' }
          if $password {
            file { "${root}/password": content => $password, mode => '0600', show_diff => false }
          }
          if $breaks {
            file { "${root}/missing/file": content => 'x' }
            -> file { "${root}/after": content => 'x' }
          }
        }
        """;

    private const string Unit = """
        <%- | String $root | -%>
        [Service]
        ExecStart=/usr/bin/shop --config <%= $root %>/shop.conf
        """;

    private readonly ProvisionRig _rig = new();

    public static bool NoPuppet => ToolFinder.Locate("puppet", Environment.GetEnvironmentVariable("PATH") ?? "") is null;

    public void Dispose() => _rig.Dispose();

    [Fact(SkipWhen = nameof(NoPuppet), Skip = "Puppet is not installed: apt-get install puppet-agent.")]
    public async Task A_module_tells_what_it_would_do_does_it_and_has_nothing_left_to_do()
    {
        ProvisionReport would = await _rig.ApplyAsync(Shop, dryRun: true, Parameters());
        Assert.Equal((ProvisionStatus.WouldChange, true, 2, 0), (would.Status, would.DryRun, would.Changed, would.Unchanged));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_rig.Machine));

        ProvisionReport first = await _rig.ApplyAsync(Shop, parameters: Parameters());
        Assert.True(first.Status == ProvisionStatus.Changed, first.LogTail);
        Assert.Equal(("puppet", 2, 0, 0), (first.Tool, first.Changed, first.Failed, first.Unchanged));
        Assert.Matches(@"^\d+\.\d+", first.ToolVersion);
        ProvisionResource file = Assert.Single(first.Resources, resource => resource.Name == $"{_rig.Machine}/shop.conf");
        Assert.Equal(("File", ResourceStatus.Changed), (file.Type, file.Status));
        Assert.NotNull(file.Message);
        Assert.NotNull(file.Duration);
        Assert.Equal("hello app.host\n", File.ReadAllText($"{_rig.Machine}/shop.conf"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, ProvisionRig.Mode($"{_rig.Machine}/shop.conf"));
        Assert.Contains("ExecStart=/usr/bin/shop", File.ReadAllText($"{_rig.Machine}/shop.service"), StringComparison.Ordinal);
        Assert.Contains("Applied catalog", first.LogTail, StringComparison.Ordinal);
        Assert.Contains("Applied catalog", File.ReadAllText(first.LogPath!), StringComparison.Ordinal);

        ProvisionReport second = await _rig.ApplyAsync(Shop, parameters: Parameters());
        Assert.Equal((ProvisionStatus.Unchanged, 0, 2), (second.Status, second.Changed, second.Unchanged));

        ProvisionRig.SetMode($"{_rig.Machine}/shop.conf", UnixFileMode.UserRead);
        ProvisionReport mended = await _rig.ApplyAsync(Shop, parameters: Parameters());
        Assert.Equal((ProvisionStatus.Changed, 1, 1), (mended.Status, mended.Changed, mended.Unchanged));
    }

    [Fact(SkipWhen = nameof(NoPuppet), Skip = "Puppet is not installed: apt-get install puppet-agent.")]
    public async Task Reports_that_were_read_do_not_pile_up_in_what_Puppet_keeps()
    {
        ProvisionReport report = await _rig.ApplyAsync(Shop, parameters: Parameters());

        Assert.Equal((ProvisionStatus.Changed, 2), (report.Status, report.Resources.Count));
        Assert.DoesNotContain(Directory.EnumerateFiles(Path.Combine(_rig.Runs, "state", "puppet"), "*", SearchOption.AllDirectories), file => file.Contains("/reports/", StringComparison.Ordinal));
    }

    [Fact(SkipWhen = nameof(NoPuppet), Skip = "Puppet is not installed: apt-get install puppet-agent.")]
    public async Task All_that_Puppet_keeps_is_in_the_clients_directory_so_that_it_needs_no_rights_elsewhere()
    {
        await _rig.ApplyAsync(Shop, parameters: Parameters());

        string state = Path.Combine(_rig.Runs, "state", "puppet");
        using Process puppet = Process.Start(new ProcessStartInfo("puppet", ["config", "print", "publicdir", "--confdir", Path.Combine(state, "confdir")]) { RedirectStandardOutput = true })!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        Assert.Equal(Path.Combine(state, "publicdir"), (await puppet.StandardOutput.ReadToEndAsync(deadline.Token)).Trim());
    }

    [Fact(SkipWhen = nameof(NoPuppet), Skip = "Puppet is not installed: apt-get install puppet-agent.")]
    public async Task A_resource_that_fails_fails_the_report_and_is_named()
    {
        JsonObject parameters = Parameters();
        parameters["shop::breaks"] = true;

        ProvisionReport report = await _rig.ApplyAsync(Shop, parameters: parameters);

        Assert.Equal((ProvisionStatus.Failed, 2, 1, 1), (report.Status, report.Changed, report.Failed, report.Skipped));
        ProvisionResource failed = Assert.Single(report.Resources, resource => resource.Status == ResourceStatus.Failed);
        Assert.Equal($"{_rig.Machine}/missing/file", failed.Name);
        Assert.Equal("ProvisionFailed", report.Error!.Code);
        Assert.Contains($"File[{_rig.Machine}/missing/file]", report.Error.Message, StringComparison.Ordinal);
        Assert.Equal(ResourceStatus.Skipped, Assert.Single(report.Resources, resource => resource.Name == $"{_rig.Machine}/after").Status);
    }

    [Fact(SkipWhen = nameof(NoPuppet), Skip = "Puppet is not installed: apt-get install puppet-agent.")]
    public async Task A_manifest_that_does_not_compile_fails_with_what_Puppet_says()
    {
        PlannedPackage package = _rig.Package("puppet", "broken", ("site.pp", "include no_such_class\n"));

        ProvisionReport report = await _rig.ApplyAsync(package);

        Assert.Equal(ProvisionStatus.Failed, report.Status);
        Assert.Contains("no_such_class", report.Error!.Message, StringComparison.Ordinal);
    }

    [Fact(SkipWhen = nameof(NoPuppet), Skip = "Puppet is not installed: apt-get install puppet-agent.")]
    public async Task A_secret_reaches_the_file_that_it_is_for_and_no_other()
    {
        const string Password = "correct horse \"battery\" 'staple'";

        ProvisionReport report = await _rig.ApplyAsync(Shop, parameters: Parameters(), secrets: ProvisionRig.Secrets(("shop::password", Password)));

        Assert.True(report.Status == ProvisionStatus.Changed, report.LogTail);
        Assert.Equal(Password, File.ReadAllText($"{_rig.Machine}/password"));
        Assert.Equal([$"{_rig.Machine}/password"], _rig.FilesWith("correct horse"));
        Assert.DoesNotContain("correct horse", System.Text.Json.JsonSerializer.Serialize(report), StringComparison.Ordinal);
    }

    [Fact(SkipWhen = nameof(NoPuppet), Skip = "Puppet is not installed: apt-get install puppet-agent.")]
    public async Task A_module_finds_the_others_of_the_plan_that_it_needs()
    {
        PlannedPackage library = _rig.Package("puppet", "acme-greetings", ("manifests/init.pp", "class greetings(String $root) { file { \"${root}/greeting\": content => 'hi' } }\n")) with { Apply = false };
        PlannedPackage user = _rig.Package("puppet", "front", ("manifests/init.pp", "class front { include greetings }\n"));

        ProvisionReport report = Assert.Single(await _rig.RunAsync(_rig.Plan(library, user) with { Parameters = new JsonObject { ["greetings::root"] = _rig.Machine } }));

        Assert.True(report.Status == ProvisionStatus.Changed, report.LogTail);
        Assert.Equal("hi", File.ReadAllText($"{_rig.Machine}/greeting"));
    }

    [Fact(SkipWhen = nameof(NoPuppet), Skip = "Puppet is not installed: apt-get install puppet-agent.")]
    public async Task What_looks_like_an_interpolation_in_a_parameter_or_a_secret_stays_what_it_is()
    {
        JsonObject parameters = Parameters();
        parameters["shop::greeting"] = "100%{facts.os} %{lookup('shop::root')} %{literal('%')} %% {x}";

        ProvisionReport report = await _rig.ApplyAsync(Shop, parameters: parameters, secrets: ProvisionRig.Secrets(("shop::password", "pass%{word}4711")));

        Assert.True(report.Status == ProvisionStatus.Changed, report.LogTail);
        Assert.Equal("pass%{word}4711", File.ReadAllText($"{_rig.Machine}/password"));
        Assert.Equal("100%{facts.os} %{lookup('shop::root')} %{literal('%')} %% {x} app.host\n", File.ReadAllText($"{_rig.Machine}/shop.conf"));
    }

    [Fact(SkipWhen = nameof(NoPuppet), Skip = "Puppet is not installed: apt-get install puppet-agent.")]
    public async Task The_keys_of_a_parameter_are_interpolated_no_more_than_its_values()
    {
        PlannedPackage package = _rig.Package("puppet", "keys", ("manifests/init.pp", "class keys(String $root, Hash $map) { file { \"${root}/keys\": content => \"${map.keys[0]} ${map.values[0][0]}\" } }\n"));

        ProvisionReport report = await _rig.ApplyAsync(
            package, parameters: new JsonObject { ["keys::root"] = _rig.Machine, ["keys::map"] = new JsonObject { ["k%{facts.os}"] = new JsonArray("v%{facts.os}") } });

        Assert.True(report.Status == ProvisionStatus.Changed, report.LogTail);
        Assert.Equal("k%{facts.os} v%{facts.os}", File.ReadAllText($"{_rig.Machine}/keys"));
    }

    [Fact(SkipWhen = nameof(NoPuppet), Skip = "Puppet is not installed: apt-get install puppet-agent.")]
    public async Task Two_packages_that_are_one_module_are_named()
    {
        PlannedPackage one = _rig.Package("puppet", "acme-common", ("manifests/init.pp", "class common { }\n"));
        PlannedPackage two = _rig.Package("puppet", "corp-common", ("manifests/init.pp", "class common { }\n"));

        ProvisionReport report = Assert.Single(await _rig.RunAsync(_rig.Plan(one, two with { Apply = false })));

        Assert.Equal("InvalidArgument", report.Error!.Code);
        Assert.Contains("The package corp-common 1.2.3 brings 'modules/common', and so does another package of the run", report.Error.Message, StringComparison.Ordinal);
    }

    private PlannedPackage Shop => _rig.Package("puppet", "acme-shop", ("manifests/init.pp", Module), ("templates/unit.epp", Unit), ("metadata.json", """{"name": "acme-shop", "version": "1.2.3", "author": "acme", "license": "MIT", "summary": "", "source": "", "dependencies": []}"""));

    private JsonObject Parameters() => new() { ["shop::root"] = _rig.Machine };
}
