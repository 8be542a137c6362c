using System.Text.Json.Nodes;
using Pantry.Provisioning.Reports;

namespace Pantry.Provisioning.Provisioners.BuiltIn;

/// <summary>
/// A script of the package, <c>apply.ps1</c> or the one that the entry names, in a PowerShell of its own. Parameters of the plan become those of the script that have
/// their names, secrets SecureStrings, in lists and maps too. A dry run is -WhatIf, for scripts that support it.
/// </summary>
internal sealed class PowerShellProvisioner : IProvisioner
{
    private const int WithoutWhatIf = 64;

    public string Kind => "powershell";

    public IReadOnlyList<ToolChoice> Tools { get; } =
    [
        new("pwsh", ["pwsh", "/opt/microsoft/powershell/7/pwsh", @"C:\Program Files\PowerShell\7\pwsh.exe"], ["-NoLogo", "-NoProfile", "-Version"]),
        new("powershell", ["powershell.exe"], ["-NoLogo", "-NoProfile", "-NonInteractive", "-Command", "$PSVersionTable.PSVersion.ToString()"]),
    ];

    public string InstallHint => "Install PowerShell 7.";

    public ToolPlan Prepare(ProvisionWork work)
    {
        string script = work.InPackage(work.Package.Entry ?? "apply.ps1");
        if (!File.Exists(script))
            throw work.Wrong($"it has no '{work.Package.Entry ?? "apply.ps1"}'.");
        Dictionary<string, string> environment = ScriptProvisioner.Environment(work);
        environment["NO_COLOR"] = "1";
        environment["TERM"] = "dumb";
        // Secrets come over standard input: they are in no file, and in no environment that is handed on.
        var request = new JsonObject { ["script"] = script, ["dryRun"] = work.DryRun };
        return new ToolPlan(new ToolCommand(
            work.Tool.Path,
            ["-NoLogo", "-NoProfile", "-NonInteractive", .. OperatingSystem.IsWindows() ? ["-ExecutionPolicy", "Bypass"] : Array.Empty<string>(), "-File", work.Write("run.ps1", PowerShellSource.Run)],
            work.Package.Directory)
        { Environment = environment, Input = PowerShellRequest.Write(work, request, work.Plan.Parameters, work.Plan.SecretParameters) });
    }

    public void Read(ProvisionWork work, ToolOutcome outcome, ReportBuilder report)
    {
        if (work.DryRun && outcome.Last.ExitCode == WithoutWhatIf)
        {
            report.Fail("The script has no -WhatIf, so it was not run. Give it [CmdletBinding(SupportsShouldProcess)].");
            return;
        }

        ScriptProvisioner.Conclude(work, outcome, report);
    }
}
