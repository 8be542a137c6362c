using Pantry.Provisioning.Reports;

namespace Pantry.Provisioning.Provisioners.Definitions;

/// <summary>A provisioner that a file defines.</summary>
internal sealed class DefinedProvisioner(ProvisionerDefinition definition) : IProvisioner
{
    public string Kind => definition.Name;

    public IReadOnlyList<ToolChoice> Tools { get; } = [definition.Tool];

    public string InstallHint => definition.InstallHint;

    public ToolPlan Prepare(ProvisionWork work)
    {
        if ((work.DryRun ? definition.DryRun : definition.Apply) is not { } command)
            return ToolPlan.Nothing($"The provisioner '{definition.Name}' of this client has no dry_run, so it cannot tell what it would do.");
        if (definition.Secrets == SecretsWay.None && work.HasSecrets)
            throw work.Wrong($"the run has secrets, and the provisioner '{definition.Name}' takes none. Set 'secrets' in its file.");

        Dictionary<string, string> values = Values(work);
        // Which variable a secret becomes the definition says: who gives the order chooses the secret's name.
        Dictionary<string, string> secrets = definition.Secrets == SecretsWay.Environment ? work.SecretVariables(Placeholders.Secret) : [];
        var environment = command.Environment.ToDictionary(
            variable => variable.Key, variable => Placeholders.Replace(variable.Value, name => secrets.GetValueOrDefault(name) ?? values.GetValueOrDefault(name, "")));
        return new ToolPlan(new ToolCommand(work.Tool.Path, [.. command.Arguments.Select(text => Replaced(text, values))], work.Package.Directory) { Environment = environment });
    }

    public void Read(ProvisionWork work, ToolOutcome outcome, ReportBuilder report)
    {
        DefinedCommand command = (work.DryRun ? definition.DryRun : definition.Apply)!;
        int code = outcome.Last.ExitCode;
        bool changed = command.Changed.Contains(code), good = changed || command.Unchanged.Contains(code);
        bool told = false;
        if (command.Report is { } how)
        {
            ReadOnlyMemory<byte>? said = how.FromFile ? work.ReadReport() : outcome.Last.Output;
            told = said is { } bytes && DefinedReportReader.Read(bytes, how, report);
        }

        if (!good && !report.HasFailed)
            report.Fail($"{definition.Name} ended with exit code {code}: {outcome.Last.LastWords}");
        else if (good && !told)
            report.Add(definition.Name, work.Package.Name, changed ? ResourceStatus.Changed : ResourceStatus.Unchanged);
    }

    private Dictionary<string, string> Values(ProvisionWork work)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["package"] = work.Package.Directory,
            ["name"] = work.Package.Name,
            ["version"] = work.Package.Version,
            ["entry"] = work.Package.Entry ?? "",
            ["work"] = work.Directory,
            ["state"] = work.State,
            ["parameters"] = work.Write("parameters.json", work.Parameters()),
            ["report"] = work.ReportPath,
            ["identity"] = work.Plan.Client.Identity,
            ["application"] = work.Plan.Client.Application ?? "",
            ["environment"] = work.Plan.Client.Environment ?? "",
            ["roles"] = string.Join(',', work.Plan.Client.Roles),
        };
        if (definition.Secrets == SecretsWay.File)
            values["secrets"] = work.WriteSecret($"{definition.Name}-{Path.GetFileName(work.Directory)}.json", work.SecretParameters());
        return values;
    }

    private static string Replaced(string text, Dictionary<string, string> values) => Placeholders.Replace(text, name => values.GetValueOrDefault(name, ""));
}
