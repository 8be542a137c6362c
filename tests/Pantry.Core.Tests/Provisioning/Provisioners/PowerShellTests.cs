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
    public async Task Values_and_secrets_arrive_as_they_were_written_also_in_lists_and_maps()
    {
        PlannedPackage package = _rig.Package("powershell", "typed", ("apply.ps1", """
            param([string] $Root, [string] $Since, $Untyped, [object[]] $Mixed, [string[]] $One, $Map, [hashtable] $Table, [securestring] $Password, [string] $Open, $Keys, [string[]] $Texts, $Login, [hashtable] $Logins)
            function Show($value) {
                if ($null -eq $value) { 'null' }
                elseif ($value -is [securestring]) { "secure($([Net.NetworkCredential]::new('', $value).Password))" }
                elseif ($value -is [array]) { "[$(($value | ForEach-Object { Show $_ }) -join ',')]" }
                elseif ($value -is [hashtable]) { "table($(($value.Keys | Sort-Object | ForEach-Object { "$_=$(Show $value[$_])" }) -join ','))" }
                elseif ($value -is [Management.Automation.PSCustomObject]) { "map($(($value.PSObject.Properties | ForEach-Object { "$($_.Name)=$(Show $_.Value)" }) -join ','))" }
                else { "$($value.GetType().Name):$value" }
            }
            $lines = 'Since', 'Untyped', 'Mixed', 'One', 'Map', 'Table', 'Password', 'Open', 'Keys', 'Texts', 'Login', 'Logins' | ForEach-Object { "$_ $(Show (Get-Variable $_ -ValueOnly))" }
            Set-Content (Join-Path $Root 'shown') $lines
            """));
        JsonObject parameters = new()
        {
            ["root"] = _rig.Machine,
            ["since"] = "2024-01-02T03:04:05",
            ["untyped"] = "/Date(1704164645000)/",
            ["mixed"] = new JsonArray(1, "2024-01-02T03:04:05Z", true, null, "", new JsonArray("x")),
            ["one"] = new JsonArray("!2024-01-02"),
            ["map"] = new JsonObject { ["z"] = "2024-01-02T03:04:05", ["a"] = new JsonArray() },
            ["table"] = new JsonObject { ["inner"] = new JsonObject { ["port"] = 80 } },
        };
        JsonObject withSecrets = new()
        {
            ["password"] = ProvisionRig.Secret("date"),
            ["open"] = ProvisionRig.Secret("date"),
            ["keys"] = new JsonArray(ProvisionRig.Secret("date"), "plain", ProvisionRig.Secret("key")),
            ["texts"] = new JsonArray(ProvisionRig.Secret("key")),
            ["login"] = new JsonObject { ["user"] = "k-é", ["key"] = ProvisionRig.Secret("key") },
            ["logins"] = new JsonObject { ["a"] = new JsonArray(new JsonObject { ["key"] = ProvisionRig.Secret("key") }) },
        };

        ProvisionReport report = Assert.Single(await _rig.RunAsync(ProvisionRig.Filled(_rig.Plan(package) with { Parameters = parameters }, withSecrets, ProvisionRig.Secrets(("date", "2024-01-02T03:04:05"), ("key", "k-é")))));

        Assert.True(report.Status == ProvisionStatus.Changed, report.LogTail + report.Error);
        Assert.Equal(
            [
                "Since String:2024-01-02T03:04:05", "Untyped String:/Date(1704164645000)/", "Mixed [Int64:1,String:2024-01-02T03:04:05Z,Boolean:True,null,String:,[String:x]]", "One [String:!2024-01-02]",
                "Map map(z=String:2024-01-02T03:04:05,a=[])", "Table table(inner=table(port=Int64:80))", "Password secure(2024-01-02T03:04:05)", "Open String:2024-01-02T03:04:05",
                "Keys [secure(2024-01-02T03:04:05),String:plain,secure(k-é)]", "Texts [String:k-é]", "Login map(user=String:k-é,key=secure(k-é))", "Logins table(a=[table(key=secure(k-é))])",
            ],
            File.ReadAllLines($"{_rig.Machine}/shown"));
    }

    [Fact(SkipWhen = nameof(NoPowerShell), Skip = "PowerShell 7 is not on the PATH.")]
    public async Task Parameters_that_differ_only_in_case_fail_the_package_and_both_are_named()
    {
        PlannedPackage package = _rig.Package("powershell", "twins", ("apply.ps1", "Set-Content run x\n"));
        ProvisionReport nested = await _rig.ApplyAsync(package, parameters: new JsonObject { ["ntp"] = new JsonObject { ["Servers"] = 1, ["servers"] = 2 } });
        Assert.Equal(ProvisionStatus.Failed, nested.Status);
        Assert.Contains("the parameters 'ntp.Servers' and 'ntp.servers' differ only in upper and lower case", nested.Error!.Message, StringComparison.Ordinal);
        ProvisionReport secret = await _rig.ApplyAsync(package, parameters: new JsonObject { ["Password"] = "x" }, secrets: ProvisionRig.Secrets(("password", "correct horse")));
        Assert.Contains("the parameters 'Password' and 'password' differ only in upper and lower case", secret.Error!.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(package.Directory, "run")));
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
}
