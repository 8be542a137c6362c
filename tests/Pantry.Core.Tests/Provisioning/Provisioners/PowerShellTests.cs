using System.Text.Json.Nodes;
using Pantry.Provisioning.Provisioners;

namespace Pantry.Tests.Provisioning.Provisioners;

/// <summary>Scripts in a real PowerShell.</summary>
public sealed class PowerShellTests : IDisposable
{
    private const string Script = """
        [CmdletBinding(SupportsShouldProcess)]
        param([string] $Root, [int] $Port = 80, [securestring] $Password, [string[]] $Names)
        $path = Join-Path $Root 'shop.conf'
        $text = "$Port $($Names -join '+')"
        $same = (Test-Path $path) -and (Get-Content $path -Raw) -eq $text
        if (-not $same -and $PSCmdlet.ShouldProcess($path, 'Write')) { Set-Content $path $text -NoNewline }
        if ($Password) { [Net.NetworkCredential]::new('', $Password).Password | Set-Content (Join-Path $Root 'password') -NoNewline }
        Write-Output "wrote; variable '$env:Password'"
        Set-Content $env:PANTRY_REPORT $(if ($same) { 'unchanged' } else { 'changed' })
        """;

    private readonly ProvisionRig _rig = new();

    public static bool NoPowerShell => OperatingSystem.IsWindows() || PowerShell is null;

    private static string? PowerShell => ToolFinder.Locate("pwsh", Environment.GetEnvironmentVariable("PATH") ?? "");

    public void Dispose() => _rig.Dispose();

    [Fact(SkipWhen = nameof(NoPowerShell), Skip = "PowerShell 7 is not on the PATH.")]
    public async Task A_script_gets_what_it_has_parameters_for_and_says_whether_it_changed_something()
    {
        PlannedPackage package = _rig.Package("powershell", "shop", ("apply.ps1", Script));
        JsonObject parameters = new() { ["root"] = _rig.Machine, ["port"] = 8080, ["names"] = new JsonArray("a'b", "$(exit 9)"), ["unknown"] = true };

        ProvisionReport would = await _rig.ApplyAsync(package, dryRun: true, parameters);
        Assert.True(would.Status == ProvisionStatus.WouldChange, would.LogTail);
        Assert.False(File.Exists($"{_rig.Machine}/shop.conf"));

        ProvisionReport first = await _rig.ApplyAsync(package, parameters: parameters, secrets: ProvisionRig.Secrets(("Password", "correct horse")));
        Assert.True(first.Status == ProvisionStatus.Changed, first.LogTail);
        Assert.Equal("pwsh", first.Tool);
        Assert.Equal("8080 a'b+$(exit 9)", File.ReadAllText($"{_rig.Machine}/shop.conf"));
        Assert.Equal("correct horse", File.ReadAllText($"{_rig.Machine}/password"));
        Assert.Contains("wrote; variable ''", first.LogTail, StringComparison.Ordinal);
        Assert.Equal([$"{_rig.Machine}/password"], _rig.FilesWith("correct horse"));

        Assert.Equal(ProvisionStatus.Unchanged, (await _rig.ApplyAsync(package, parameters: parameters)).Status);
    }

    [Fact(SkipWhen = nameof(NoPowerShell), Skip = "PowerShell 7 is not on the PATH.")]
    public async Task A_script_that_throws_fails_and_one_without_WhatIf_is_not_run_dry()
    {
        ProvisionReport thrown = await _rig.ApplyAsync(_rig.Package("powershell", "throws", ("apply.ps1", "throw 'no space left'\n")));
        Assert.Equal(ProvisionStatus.Failed, thrown.Status);
        Assert.Contains("no space left", thrown.LogTail, StringComparison.Ordinal);

        ProvisionReport exits = await _rig.ApplyAsync(_rig.Package("powershell", "exits", ("apply.ps1", "exit 7\n")));
        Assert.Equal((ProvisionStatus.Failed, 7), (exits.Status, exits.ExitCode));

        ProvisionReport dry = await _rig.ApplyAsync(_rig.Package("powershell", "eager", ("apply.ps1", $"Set-Content {_rig.Machine}/done x\n")), dryRun: true);
        Assert.Equal(ProvisionStatus.Failed, dry.Status);
        Assert.Contains("no -WhatIf", dry.Error!.Message, StringComparison.Ordinal);
        Assert.False(File.Exists($"{_rig.Machine}/done"));
    }

    [Fact(SkipWhen = nameof(NoPowerShell), Skip = "PowerShell 7 is not on the PATH.")]
    public async Task A_fake_module_stands_in_for_PSDesiredStateConfiguration_in_a_real_PowerShell()
    {
        string module = Path.Combine(_rig.Root, "modules", "PSDesiredStateConfiguration");
        Directory.CreateDirectory(module);
        await File.WriteAllTextAsync(Path.Combine(module, "PSDesiredStateConfiguration.psm1"), """
            function Invoke-DscResource($Name, $ModuleName, $Method, [hashtable] $Property) {
                if ($ModuleName -ne 'Shop' -or $Name -ne 'File') { throw "no resource $ModuleName/$Name" }
                $is = (Test-Path $Property.path) -and (Get-Content $Property.path -Raw) -eq $Property.content
                if ($Method -eq 'Test') { [pscustomobject]@{ InDesiredState = $is } } else { Set-Content $Property.path $Property.content -NoNewline }
            }
            """);
        await File.WriteAllTextAsync(Path.Combine(module, "PSDesiredStateConfiguration.psd1"), "@{ RootModule = 'PSDesiredStateConfiguration.psm1'; ModuleVersion = '2.0.7'; FunctionsToExport = '*' }\n");
        _rig.Fake("pwsh", $"PSModulePath={Path.Combine(_rig.Root, "modules")} exec {PowerShell} \"$@\"\n");
        PlannedPackage package = _rig.Package("dsc", "shop", ("shop.dsc.yaml", $"parameters:\n  password: {{ type: secureString }}\nresources:\n- name: conf\n  type: Shop/File\n  properties:\n    path: {_rig.Machine}/conf\n    content: \"[parameters('password')]\"\n"));
        Dictionary<string, byte[]> secrets = ProvisionRig.Secrets(("password", "correct horse"));
        async Task<ProvisionReport> ApplyAsync(PlannedPackage what, bool dryRun = false) =>
            Assert.Single(await _rig.RunAsync(ProvisionRig.WithSecrets(_rig.Plan(what) with { DryRun = dryRun, SearchPath = $"{_rig.Programs}:/bin:/usr/bin" }, secrets)));

        ProvisionReport would = await ApplyAsync(package, dryRun: true);
        Assert.True(would.Status == ProvisionStatus.WouldChange, would.LogTail + would.Error);
        Assert.False(File.Exists($"{_rig.Machine}/conf"));
        Assert.Equal(("PSDesiredStateConfiguration", "2.0.7"), (would.Tool, would.ToolVersion));

        Assert.Equal(ProvisionStatus.Changed, (await ApplyAsync(package)).Status);
        Assert.Equal("correct horse", File.ReadAllText($"{_rig.Machine}/conf"));
        Assert.Equal(ProvisionStatus.Unchanged, (await ApplyAsync(package)).Status);

        ProvisionReport broken = await ApplyAsync(_rig.Package("dsc", "broken", ("shop.dsc.yaml", "resources:\n- name: svc\n  type: Shop/Service\n")));
        Assert.Equal((ProvisionStatus.Failed, "Shop/Service[svc]: no resource Shop/Service"), (broken.Status, broken.Error!.Message));
    }
}
