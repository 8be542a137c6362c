using Pantry.Provisioning.Reports;

namespace Pantry.Provisioning.Provisioners.BuiltIn;

/// <summary>
/// <c>packer build -machine-readable</c>, for clients that build images; the ids of artifacts are in the report. Parameters are a file of variables, secrets
/// variables of the environment. A dry run is <c>packer validate</c>. Plugins must be there: nothing is fetched with <c>packer init</c>.
/// </summary>
internal sealed class PackerProvisioner : IProvisioner
{
    public string Kind => "packer";

    public IReadOnlyList<ToolChoice> Tools { get; } = [new("packer", ["packer"], ["version"])];

    public string InstallHint => "Install Packer, and the plugins that the template needs with 'packer plugins install'.";

    public ToolPlan Prepare(ProvisionWork work)
    {
        List<string> arguments = work.DryRun ? ["validate", "-machine-readable"] : ["build", "-machine-readable", "-on-error=cleanup"];
        if (work.Plan.Parameters.Count > 0)
            arguments.Add($"-var-file={work.Write("parameters.pkrvars.json", work.Parameters())}");
        arguments.Add(Template(work));
        Dictionary<string, string> environment = work.SecretVariables("PKR_VAR_");
        environment["CHECKPOINT_DISABLE"] = "1";
        environment["PACKER_CACHE_DIR"] = Path.Combine(work.State, "cache");
        environment["PACKER_NO_COLOR"] = "1";
        return new ToolPlan(new ToolCommand(work.Tool.Path, arguments, work.Package.Directory) { Environment = environment });
    }

    public void Read(ProvisionWork work, ToolOutcome outcome, ReportBuilder report)
    {
        PackerReport.Read(outcome.Last.Output, report);
        if (outcome.Last.ExitCode != 0 && !report.HasFailed)
            report.Fail($"packer ended with exit code {outcome.Last.ExitCode}: {outcome.Last.LastWords}");
        else if (work.DryRun && !report.HasFailed)
            report.Add("template", work.Package.Name, ResourceStatus.Changed, "It is valid; a build would make its artifacts anew.");
    }

    private static string Template(ProvisionWork work)
    {
        if (work.Package.Entry is { } entry)
            return work.InPackage(entry);
        if (Directory.EnumerateFiles(work.Package.Directory, "*.pkr.hcl").Any() || Directory.EnumerateFiles(work.Package.Directory, "*.pkr.json").Any())
            return ".";
        return work.FirstInPackage("template.json", "packer.json") ?? throw work.Wrong("it has no *.pkr.hcl, *.pkr.json or template.json. Name the template as its entry.");
    }
}
