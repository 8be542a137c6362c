using Pantry.Provisioning.Reports;

namespace Pantry.Provisioning.Provisioners.BuiltIn;

/// <summary>
/// An executable of the package, <c>apply</c> or the one that the entry names. Exit code 0 is success, and counts as changed unless the script writes
/// otherwise into the file that PANTRY_REPORT names. A dry run is the package's <c>plan</c>, where it has one: a script that does not know
/// of dry runs would do its work in one.
/// </summary>
internal sealed class ScriptProvisioner : IProvisioner
{
    private const string Apply = "apply", Plan = "plan";

    public string Kind => "script";

    public IReadOnlyList<ToolChoice> Tools => [];

    public string InstallHint => "";

    public ToolPlan Prepare(ProvisionWork work)
    {
        string name = work.DryRun ? Plan : work.Package.Entry ?? Apply;
        string[] candidates = OperatingSystem.IsWindows() ? [name, $"{name}.exe", $"{name}.cmd"] : [name];
        if (work.FirstInPackage(candidates) is not { } program)
            return work.DryRun ? ToolPlan.Nothing($"The package {work.Package.Name} has no '{Plan}', so it cannot tell what it would do.") : throw work.Wrong($"it has no '{name}'.");
        if (ToolFinder.Locate(program) is null)
            throw work.Wrong($"'{name}' is not executable. Publish it with its mode, as chmod +x gives it.");
        Dictionary<string, string> environment = Environment(work);
        foreach ((string secret, string value) in work.SecretVariables("PANTRY_SECRET_"))
            environment[secret] = value;
        return new ToolPlan(new ToolCommand(program, [], work.Package.Directory) { Environment = environment });
    }

    public void Read(ProvisionWork work, ToolOutcome outcome, ReportBuilder report) => Conclude(work, outcome, report);

    /// <summary>Reads what a script has written and how it ended. A report that is there and cannot be read is a failure: what is in it might be one.</summary>
    public static void Conclude(ProvisionWork work, ToolOutcome outcome, ReportBuilder report)
    {
        ReadOnlyMemory<byte>? said = work.ReadReport();
        bool isThere = said is { Length: > 0 } || (said is null && work.HasReport);
        bool told = said is { Length: > 0 } bytes && ScriptReport.Read(bytes, work.Package.Name, report);
        if (outcome.Last.ExitCode != 0 && !report.HasFailed)
            report.Fail($"The script ended with exit code {outcome.Last.ExitCode}: {outcome.Last.LastWords}");
        else if (isThere && !told)
            report.Fail("What it wrote to PANTRY_REPORT is no report: a link, a pipe, a directory, too large, or neither a word nor a JSON object as docs/provisioners.md has them.");
        else if (!told && !report.HasFailed)
            report.Add("script", work.Package.Name, ResourceStatus.Changed, "It does not say whether it changed something.");
    }

    /// <summary>What a script finds in its environment.</summary>
    public static Dictionary<string, string> Environment(ProvisionWork work) => new()
    {
        ["PANTRY_PARAMETERS"] = work.Write("parameters.json", work.Parameters()),
        ["PANTRY_REPORT"] = work.ReportPath,
        ["PANTRY_DRY_RUN"] = work.DryRun ? "1" : "0",
        ["PANTRY_PACKAGE"] = work.Package.Name,
        ["PANTRY_VERSION"] = work.Package.Version,
        ["PANTRY_IDENTITY"] = work.Plan.Client.Identity,
        ["PANTRY_APPLICATION"] = work.Plan.Client.Application ?? "",
        ["PANTRY_ENVIRONMENT"] = work.Plan.Client.Environment ?? "",
        ["PANTRY_ROLES"] = string.Join(',', work.Plan.Client.Roles),
    };
}
