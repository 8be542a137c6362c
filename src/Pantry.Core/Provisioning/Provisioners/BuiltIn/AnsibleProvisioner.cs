using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Pantry.Provisioning.Reports;

namespace Pantry.Provisioning.Provisioners.BuiltIn;

/// <summary>
/// <c>ansible-playbook</c> on this machine, over a local connection. A package is a directory with a playbook (<c>site.yml</c>), a role
/// (<c>tasks/main.yml</c>), or a collection. Parameters and secrets are files of extra variables; a callback plugin of Pantry's writes the report.
/// </summary>
internal sealed partial class AnsibleProvisioner : IProvisioner
{
    public string Kind => "ansible";

    public IReadOnlyList<ToolChoice> Tools { get; } = [new("ansible-playbook", ["ansible-playbook"], ["--version"])];

    public string InstallHint => "Install ansible-core from your distribution, or with pip or pipx.";

    public ToolPlan Prepare(ProvisionWork work)
    {
        string roles = Path.Combine(work.Directory, "roles"), collections = Path.Combine(work.Directory, "collections");
        List<string> rolePath = [roles];
        foreach (PlannedPackage package in work.OfKind)
            Place(package, roles, collections, rolePath);

        JsonObject parameters = AnsibleVariables.Of(work, work.Parameters());
        parameters["pantry"] = AnsibleVariables.Of(work, work.About);
        List<string> arguments = ["--inventory", work.Write("inventory.json", Inventory(work)), "--connection", "local", "--extra-vars", $"@{work.Write("parameters.json", parameters)}"];
        if (work.HasSecrets)
            arguments.AddRange(["--extra-vars", $"@{work.WriteSecret($"ansible-{Path.GetFileName(work.Directory)}.json", AnsibleVariables.Of(work, work.SecretParameters()))}"]);
        if (work.DryRun)
            arguments.Add("--check");
        arguments.Add(Playbook(work));
        work.Write("plugins/pantry.py", AnsibleCallbackSource.Text);
        return new ToolPlan(new ToolCommand(work.Tool.Path, arguments, work.Package.Directory) { Environment = Environment(work, rolePath, collections) });
    }

    public void Read(ProvisionWork work, ToolOutcome outcome, ReportBuilder report)
    {
        bool ended = work.ReadSecretReport() is { } lines && AnsibleReport.Read(lines, report);
        if (outcome.Last.ExitCode != 0 && !report.HasFailed)
            report.Fail($"ansible-playbook ended with exit code {outcome.Last.ExitCode}: {outcome.Last.LastWords}");
        else if (!ended && !report.HasFailed)
            report.Fail("The playbook wrote no report that can be read; the log tells what it did.");
    }

    private static void Place(PlannedPackage package, string roles, string collections, List<string> rolePath)
    {
        if (AnsibleGalaxyFile.NameOf(package) is { } name)
            WorkFiles.LinkOnce(package, package.Directory, Path.Combine(collections, "ansible_collections", name.Namespace, name.Name));
        else if (Directory.Exists(Path.Combine(package.Directory, "tasks")))
            WorkFiles.LinkOnce(package, package.Directory, Path.Combine(roles, Security.PathGuard.Check(package.Name)));
        if (Directory.Exists(Path.Combine(package.Directory, "roles")))
            rolePath.Add(Path.Combine(package.Directory, "roles"));
    }

    private static string Playbook(ProvisionWork work)
    {
        if (work.Package.Entry is { } entry && (entry.EndsWith(".yml", StringComparison.Ordinal) || entry.EndsWith(".yaml", StringComparison.Ordinal)))
            return File.Exists(work.InPackage(entry)) ? work.InPackage(entry) : throw work.Wrong($"it has no playbook '{entry}'.");
        if (work.Package.Entry is null && work.FirstInPackage("site.yml", "site.yaml", "playbook.yml", "playbook.yaml") is { } found)
            return found;
        if (work.Package.Entry is null && !Directory.Exists(work.InPackage("tasks")))
            throw work.Wrong("it has no site.yml and no tasks. Name the playbook or the role as its entry.");
        // Ansible takes a path for a role too, and evaluates a template in it.
        if (work.Package.Entry is { } role && !RoleName().IsMatch(role))
            throw work.Wrong($"'{DisplayText.Clean(role, 80)}' is neither a playbook of it nor the name of a role. Use site.yml, 'shop', or 'namespace.collection.role'.");
        // JSON is YAML, and needs no quoting of ours.
        var play = new JsonObject { ["hosts"] = "localhost", ["roles"] = new JsonArray(work.Package.Entry ?? work.Package.Name) };
        return work.Write("site.json", new JsonArray(play));
    }

    // Groups for what the client is, so that a play's hosts: and group variables can be told by them.
    private static JsonObject Inventory(ProvisionWork work)
    {
        var host = new JsonObject { ["localhost"] = new JsonObject { ["ansible_connection"] = "local", ["ansible_python_interpreter"] = "auto_silent" } };
        var groups = new JsonObject();
        foreach (string name in work.Plan.Client.Roles.Append(work.Plan.Client.Application).Append(work.Plan.Client.Environment).OfType<string>())
            groups[new string([.. name.Select(character => char.IsAsciiLetterOrDigit(character) ? character : '_')])] = new JsonObject { ["hosts"] = new JsonObject { ["localhost"] = new JsonObject() } };
        return new JsonObject { ["all"] = new JsonObject { ["hosts"] = host, ["children"] = groups } };
    }

    private static Dictionary<string, string> Environment(ProvisionWork work, List<string> roles, string collections) => new()
    {
        // An empty configuration of ours: neither the machine's nor the package's decides what is read and where.
        ["ANSIBLE_CONFIG"] = work.Write("ansible.cfg", "[defaults]\n"),
        ["ANSIBLE_HOME"] = work.State,
        ["ANSIBLE_LOCAL_TEMP"] = Path.Combine(work.Directory, "tmp"),
        ["ANSIBLE_ROLES_PATH"] = string.Join(':', roles),
        ["ANSIBLE_COLLECTIONS_PATH"] = $"{collections}:/usr/share/ansible/collections",
        ["ANSIBLE_CALLBACK_PLUGINS"] = Path.Combine(work.Directory, "plugins"),
        ["ANSIBLE_CALLBACKS_ENABLED"] = "pantry",
        ["ANSIBLE_NOCOLOR"] = "1",
        ["ANSIBLE_RETRY_FILES_ENABLED"] = "0",
        ["ANSIBLE_LOCALHOST_WARNING"] = "0",
        ["PANTRY_REPORT"] = work.SecretReportPath,
        ["PYTHONDONTWRITEBYTECODE"] = "1",
    };

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_][A-Za-z0-9_-]*){0,2}\z")]
    private static partial Regex RoleName();
}
