using System.Text.Json.Nodes;
using Pantry.Provisioning.Provisioners;

namespace Pantry.Tests.Provisioning.Provisioners;

/// <summary>A real PowerShell sets the resources of a document one by one. A module that keeps what it is asked stands for PSDesiredStateConfiguration.</summary>
public sealed class DscFallbackTests : IDisposable
{
    private readonly ProvisionRig _rig = new();

    public static bool NoPowerShell => OperatingSystem.IsWindows() || PowerShell is null;

    private static string? PowerShell => ToolFinder.Locate("pwsh", Environment.GetEnvironmentVariable("PATH") ?? "");

    private string Module => Path.Combine(_rig.Root, "modules", "PSDesiredStateConfiguration");

    public void Dispose() => _rig.Dispose();

    [Fact(SkipWhen = nameof(NoPowerShell), Skip = "PowerShell 7 is not on the PATH.")]
    public async Task A_stand_in_for_PSDesiredStateConfiguration_tells_sets_and_has_nothing_left_to_set()
    {
        PutModule("""
            if ($ModuleName -ne 'Shop' -or $Name -ne 'File') { throw "no resource $ModuleName/$Name" }
            $is = (Test-Path $Property.path) -and (Get-Content $Property.path -Raw) -eq $Property.content
            if ($Method -eq 'Test') { [pscustomobject]@{ InDesiredState = $is } } else { Set-Content $Property.path $Property.content -NoNewline }
            """);
        PlannedPackage package = _rig.Package("dsc", "shop", ("shop.dsc.yaml", $"parameters:\n  password: {{ type: secureString }}\nresources:\n- name: conf\n  type: Shop/File\n  properties:\n    path: {_rig.Machine}/conf\n    content: \"[parameters('password')]\"\n"));
        Dictionary<string, byte[]> secrets = ProvisionRig.Secrets(("password", "correct horse"));

        ProvisionReport would = await _rig.ApplyAsync(package, dryRun: true, secrets: secrets);
        Assert.True(would.Status == ProvisionStatus.WouldChange, would.LogTail + would.Error);
        Assert.False(File.Exists($"{_rig.Machine}/conf"));
        Assert.Equal(("PSDesiredStateConfiguration", "2.0.7"), (would.Tool, would.ToolVersion));

        Assert.Equal(ProvisionStatus.Changed, (await _rig.ApplyAsync(package, secrets: secrets)).Status);
        Assert.Equal("correct horse", File.ReadAllText($"{_rig.Machine}/conf"));
        Assert.Equal(ProvisionStatus.Unchanged, (await _rig.ApplyAsync(package, secrets: secrets)).Status);

        ProvisionReport broken = await _rig.ApplyAsync(_rig.Package("dsc", "broken", ("shop.dsc.yaml", "resources:\n- name: svc\n  type: Shop/Service\n")));
        Assert.Equal((ProvisionStatus.Failed, "Shop/Service[svc]: no resource Shop/Service"), (broken.Status, broken.Error!.Message));
    }

    [Fact(SkipWhen = nameof(NoPowerShell), Skip = "PowerShell 7 is not on the PATH.")]
    public async Task A_stand_in_for_PSDesiredStateConfiguration_gets_what_the_document_says_and_what_an_operator_gave_as_it_was_given()
    {
        ProvisionReport report = await ApplyAsync("""
            parameters:
              text: { type: string }
              list: { type: array }
              map: { type: object }
              unset: { type: string, defaultValue: "[[of the document" }
            resources:
            - name: conf
              type: Shop/File
              properties:
                text: "[parameters('text')]"
                list: "[parameters('list')]"
                map: { inner: "[parameters('map')]" }
                unset: "[parameters('unset')]"
                escaped: "[[section]"
                one: [ "[parameters('text')]" ]
                plain: "[open"
                number: 7
            """, new JsonObject { ["text"] = "[parameters('text')]", ["list"] = new JsonArray("[[a", "[concat('b')]"), ["map"] = new JsonObject { ["k"] = new JsonArray("[x]") } });

        Assert.True(report.Status == ProvisionStatus.Changed, report.LogTail);
        JsonNode given = JsonNode.Parse(File.ReadAllText(Path.Combine(Module, "set.json")))!;
        Assert.Equal("[parameters('text')]", (string?)given["text"]);
        Assert.Equal("""["[[a","[concat(\u0027b\u0027)]"]""", given["list"]!.ToJsonString());
        Assert.Equal("""{"inner":{"k":["[x]"]}}""", given["map"]!.ToJsonString());
        Assert.Equal(("[of the document", "[section]", "[open", 7), ((string?)given["unset"], (string?)given["escaped"], (string?)given["plain"], (int)given["number"]!));
        Assert.Equal("""["[parameters(\u0027text\u0027)]"]""", given["one"]!.ToJsonString());
    }

    [Theory(SkipWhen = nameof(NoPowerShell), Skip = "PowerShell 7 is not on the PATH.")]
    [InlineData("\"[concat('a', 'b')]\"", "is an expression that is for dsc alone")]
    [InlineData("\"[parameters('missing')]\"", "The parameter 'missing' has no value.")]
    public async Task A_document_that_only_dsc_understands_fails_and_sets_nothing(string value, string why)
    {
        ProvisionReport report = await ApplyAsync($$"""
            resources:
            - name: conf
              type: Shop/File
              properties: { text: {{value}} }
            """, []);

        Assert.Equal(ProvisionStatus.Failed, report.Status);
        Assert.Contains(why, report.Error!.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(Module, "set.json")));
    }

    [Fact(SkipWhen = nameof(NoPowerShell), Skip = "PowerShell 7 is not on the PATH.")]
    public async Task A_document_that_has_a_key_twice_is_refused_before_anything_is_set()
    {
        ProvisionReport report = await ApplyAsync("parameters:\n  a: { type: string, defaultValue: x }\n  a: { type: string, defaultValue: y }\nresources: []\n", []);

        Assert.Equal(ProvisionStatus.Failed, report.Status);
        Assert.Contains("has a key twice", report.Error!.Message, StringComparison.Ordinal);
    }

    private async Task<ProvisionReport> ApplyAsync(string document, JsonObject parameters)
    {
        PutModule("""
            if ($Method -eq 'Test') { return [pscustomobject]@{ InDesiredState = $false } }
            $Property | ConvertTo-Json -Depth 8 | Set-Content (Join-Path $PSScriptRoot set.json)
            """);
        return await _rig.ApplyAsync(_rig.Package("dsc", "shop", ("shop.dsc.yaml", document)), parameters: parameters);
    }

    private void PutModule(string body)
    {
        Directory.CreateDirectory(Module);
        File.WriteAllText(Path.Combine(Module, "PSDesiredStateConfiguration.psd1"), "@{ ModuleVersion = '2.0.7'; RootModule = 'PSDesiredStateConfiguration.psm1'; FunctionsToExport = '*' }");
        File.WriteAllText(Path.Combine(Module, "PSDesiredStateConfiguration.psm1"), $"function Invoke-DscResource([string] $Name, $ModuleName, [hashtable] $Property, [string] $Method) {{\n{body}\n}}\n");
        _rig.Fake("pwsh", $"PSModulePath='{Path.GetDirectoryName(Module)}' exec '{PowerShell}' \"$@\"\n");
    }
}
