using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Pantry.Provisioning.Reports;
using Pantry.Security;

namespace Pantry.Provisioning.Provisioners.BuiltIn;

/// <summary>
/// <c>salt-call --local</c>. A package is a state (<c>init.sls</c>), a directory of states such as a formula, or one with a <c>top.sls</c>. Parameters and secrets are
/// the pillar, in owner-only files.
/// </summary>
internal sealed partial class SaltProvisioner : IProvisioner
{
    public string Kind => "salt";

    public IReadOnlyList<ToolChoice> Tools { get; } =
        [new("salt-call", ["salt-call", "/opt/saltstack/salt/salt-call", @"C:\Program Files\Salt Project\Salt\salt-call.exe"], ["--version"])];

    public string InstallHint => "Install salt-minion from the Salt Project.";

    public ToolPlan Prepare(ProvisionWork work)
    {
        string states = Path.Combine(work.Directory, "states");
        Directory.CreateDirectory(states);
        List<string> roots = [states];
        foreach (PlannedPackage package in work.OfKind)
        {
            if (File.Exists(Path.Combine(package.Directory, "init.sls")))
                WorkFiles.LinkOnce(package, package.Directory, Path.Combine(states, PathGuard.Check(package.Name)));
            else
                roots.Add(package.Directory);
        }

        string pillar = WritePillar(work);
        var configuration = new JsonObject
        {
            ["id"] = work.Plan.Client.Identity,
            ["file_client"] = "local",
            ["file_roots"] = new JsonObject { ["base"] = new JsonArray([.. roots.Select(root => (JsonNode)root)]) },
            ["pillar_roots"] = new JsonObject { ["base"] = new JsonArray(pillar) },
            ["root_dir"] = work.State,
            ["cachedir"] = Path.Combine(work.State, "cache"),
            ["pki_dir"] = Path.Combine(work.State, "pki"),
            ["log_file"] = Path.Combine(work.Directory, "salt.log"),
        };
        string minion = work.Write("salt/minion", configuration);
        List<string> arguments =
        [
            "--local", $"--config-dir={Path.GetDirectoryName(minion)}", "--out=json", "--no-color", "--retcode-passthrough", "--log-level=warning", "state.apply",
        ];
        if (States(work) is { } chosen)
            arguments.Add(chosen);
        if (work.DryRun)
            arguments.Add("test=True");
        return new ToolPlan(new ToolCommand(work.Tool.Path, arguments, work.Package.Directory));
    }

    public void Read(ProvisionWork work, ToolOutcome outcome, ReportBuilder report)
    {
        bool told = !outcome.Last.Truncated && SaltReport.Read(outcome.Last.Output, report);
        if (!told)
            report.Fail($"salt-call ended with exit code {outcome.Last.ExitCode} and no result that can be read: {outcome.Last.LastWords}");
        else if (outcome.Last.ExitCode != 0 && !report.HasFailed)
            report.Fail($"salt-call ended with exit code {outcome.Last.ExitCode}: {outcome.Last.LastWords}");
    }

    private static string WritePillar(ProvisionWork work)
    {
        string folder = $"salt-{Path.GetFileName(work.Directory)}";
        JsonObject pillar = work.Parameters();
        foreach ((string name, JsonNode? value) in work.SecretParameters())
            pillar[name] = value?.DeepClone();
        pillar["pantry"] = work.About;
        // The renderer is named, so that braces in a value are no template.
        work.Secrets.Write($"{folder}/pantry.sls", System.Text.Encoding.UTF8.GetBytes($"#!json\n{pillar.ToJsonString()}\n"));
        return Path.GetDirectoryName(work.WriteSecret($"{folder}/top.sls", new JsonObject { ["base"] = new JsonObject { ["*"] = new JsonArray("pantry") } }))!;
    }

    // Null for all that top.sls says.
    private static string? States(ProvisionWork work)
    {
        if (work.Package.Entry is { } entry)
        {
            return StateNames().IsMatch(entry) ? entry : throw work.Wrong($"'{DisplayText.Clean(entry, 80)}' is no list of states. Use names such as 'nginx,nginx.service'.");
        }

        if (work.FirstInPackage("init.sls") is not null)
            return StateNames().IsMatch(work.Package.Name) ? work.Package.Name : throw work.Wrong("its name is none that a state can have.");
        if (work.FirstInPackage("top.sls") is not null)
            return null;
        string[] states = [.. Directory.EnumerateDirectories(work.Package.Directory).Where(directory => File.Exists(Path.Combine(directory, "init.sls"))).Select(directory => Path.GetFileName(directory))];
        return states is [string only] && StateNames().IsMatch(only) ? only : throw work.Wrong("it has no init.sls, no top.sls, and not one state of its own. Name the state as its entry.");
    }

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9_.-]*(?:,[A-Za-z0-9_][A-Za-z0-9_.-]*)*\z")]
    private static partial Regex StateNames();
}
