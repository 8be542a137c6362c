using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Pantry.Configuration;
using Pantry.Provisioning.Reports;

namespace Pantry.Provisioning.Provisioners.BuiltIn;

/// <summary>
/// <c>puppet apply</c> with the plan's modules, parameters and secrets as hiera data. A package is a module; or a directory of modules with a <c>site.pp</c>.
/// Secrets are looked up as Sensitive, which Puppet keeps out of its reports itself.
/// </summary>
internal sealed partial class PuppetProvisioner : IProvisioner
{
    private const string ReportFile = "last_run_report.yaml", SummaryFile = "last_run_summary.yaml";

    // Bits of --detailed-exitcodes: 2 for changes, 4 for failures. 1 is a run that could not be begun.
    private static readonly int[] GoodCodes = [0, 2];

    private const string ConfigurationDirectory = "confdir", PublicDirectory = "publicdir";

    // All its own, so that an agent of the machine is not disturbed. Puppet gives them the modes that it wants; the directory above is the client's alone.
    private static readonly string[] Directories = [ConfigurationDirectory, "codedir", "vardir", "ssldir", "rundir", "logdir", "statedir"];

    public string Kind => "puppet";

    public IReadOnlyList<ToolChoice> Tools { get; } =
        [new("puppet", ["puppet", "/opt/puppetlabs/bin/puppet", @"C:\Program Files\Puppet Labs\Puppet\bin\puppet.bat"], ["--version"])];

    public string InstallHint => "Install puppet-agent from your distribution, or OpenVox or Puppet from its makers.";

    public ToolPlan Prepare(ProvisionWork work)
    {
        List<string> modules = [Path.Combine(work.Directory, "modules")];
        foreach (PlannedPackage package in work.OfKind)
        {
            string inner = Path.Combine(package.Directory, "modules");
            if (Directory.Exists(inner))
                modules.Add(inner);
            if (!Directory.Exists(inner) || Directory.Exists(Path.Combine(package.Directory, "manifests")))
                WorkFiles.LinkOnce(package, package.Directory, Path.Combine(modules[0], ModuleName(package)));
        }

        Directory.CreateDirectory(modules[0]);
        string Own(string name) => Directory.CreateDirectory(Path.Combine(work.State, name)).FullName;
        // Puppets from before 6.20 would refuse it as an option; in their configuration they pass it over.
        File.WriteAllText(Path.Combine(Own(ConfigurationDirectory), "puppet.conf"), $"[main]\n{PublicDirectory} = {Own(PublicDirectory)}\n");
        return new ToolPlan(new ToolCommand(
            work.Tool.Path,
            [
                // Of its own it would keep the report of each run for ever.
                "apply", work.DryRun ? "--noop" : "--no-noop", "--detailed-exitcodes", "--color=false", "--no-show_diff", "--logdest=console", "--reports=none",
                .. Directories.Select(name => $"--{name}={Own(name)}"),
                $"--modulepath={string.Join(Path.PathSeparator, modules)}", $"--hiera_config={WriteHiera(work)}",
                $"--lastrunreport={Path.Combine(work.Directory, ReportFile)}", $"--lastrunfile={Path.Combine(work.Directory, SummaryFile)}",
                Manifest(work),
            ],
            work.Package.Directory)
        { Environment = Facts(work) });
    }

    public void Read(ProvisionWork work, ToolOutcome outcome, ReportBuilder report)
    {
        bool told = (work.ReadReport(ReportFile) is { } full && PuppetReport.Read(full, report))
            || (work.ReadReport(SummaryFile) is { } summary && PuppetReport.ReadSummary(summary, report));
        if (!GoodCodes.Contains(outcome.Last.ExitCode) && !report.HasFailed)
            report.Fail($"puppet ended with exit code {outcome.Last.ExitCode}: {outcome.Last.LastWords}");
        else if (!told)
            report.Fail("Puppet wrote no report that can be read; the log tells what it did.");
    }

    private static string Manifest(ProvisionWork work)
    {
        string? entry = work.Package.Entry;
        if (entry is null && work.FirstInPackage("site.pp") is { } site)
            return site;
        if (entry?.EndsWith(".pp", StringComparison.Ordinal) == true)
            return File.Exists(work.InPackage(entry)) ? work.InPackage(entry) : throw work.Wrong($"it has no '{entry}'.");
        string[] classes = entry?.Split(',', StringSplitOptions.TrimEntries) ?? [ModuleName(work.Package)];
        return classes.FirstOrDefault(name => !ClassName().IsMatch(name)) is { } wrong
            ? throw work.Wrong($"'{DisplayText.Clean(wrong, 80)}' is no class of Puppet.")
            : work.Write("site.pp", string.Concat(classes.Select(name => $"include {name}\n")));
    }

    private static string WriteHiera(ProvisionWork work)
    {
        JsonObject parameters = work.Parameters();
        parameters["pantry"] = work.About;
        string levels = Level("Pantry parameters", work.Write("parameters.json", Literal(parameters)));
        if (work.HasSecrets)
        {
            JsonObject secrets = work.SecretParameters();
            var sensitive = new JsonObject();
            foreach ((string name, _) in secrets)
                sensitive[name] = new JsonObject { ["convert_to"] = "Sensitive" };
            secrets["lookup_options"] = sensitive;
            levels = Level("Pantry secrets", work.WriteSecret($"puppet-{Path.GetFileName(work.Directory)}.json", Literal(secrets))) + levels;
        }

        return work.Write("hiera.yaml", $"---\nversion: 5\nhierarchy:\n{levels}");
    }

    // Hiera interpolates %{...} in values and in the keys within them; not in the names that are looked up.
    private static JsonObject Literal(JsonObject parameters) => new(parameters.Select(entry => KeyValuePair.Create(entry.Key, LiteralNode(entry.Value))));

    private static JsonNode? LiteralNode(JsonNode? value) => value switch
    {
        JsonObject map => new JsonObject(map.Select(entry => KeyValuePair.Create(Literal(entry.Key), LiteralNode(entry.Value)))),
        JsonArray list => new JsonArray([.. list.Select(LiteralNode)]),
        JsonValue text when text.GetValueKind() == JsonValueKind.String => Literal(text.GetValue<string>()),
        _ => value?.DeepClone(),
    };

    private static string Literal(string text) => text.Replace("%{", "%{literal('%')}{", StringComparison.Ordinal);

    private static string Level(string name, string path) =>
        $"  - name: {JsonSerializer.Serialize(name)}\n    data_hash: json_data\n    datadir: {Quoted(Path.GetDirectoryName(path)!)}\n    path: {Quoted(Path.GetFileName(path))}\n";

    private static string Quoted(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    private static Dictionary<string, string> Facts(ProvisionWork work) => new()
    {
        ["FACTER_pantry_identity"] = work.Plan.Client.Identity,
        ["FACTER_pantry_application"] = work.Plan.Client.Application ?? "",
        ["FACTER_pantry_environment"] = work.Plan.Client.Environment ?? "",
        ["FACTER_pantry_roles"] = string.Join(',', work.Plan.Client.Roles),
    };

    // Puppet takes a module by the name of its directory: that of its metadata without the author, or the package's.
    private static string ModuleName(PlannedPackage package)
    {
        string name = package.Name;
        string metadata = Path.Combine(package.Directory, "metadata.json");
        if (File.Exists(metadata) && ReportJson.TryParse(PlainFile.Read(metadata, 1024 * 1024), 32) is { } document)
        {
            using (document)
                name = document.RootElement.Text("name") ?? name;
        }

        string last = name[(name.LastIndexOfAny(['-', '/']) + 1)..];
        return Segment().IsMatch(last) ? last : throw new PantryException(PantryErrorCode.InvalidArgument,
            $"The package {package.Name} {package.Version} has no name that a Puppet module can have: '{DisplayText.Clean(last, 80)}'. Use lower-case letters, digits and underscores.");
    }

    [GeneratedRegex(@"\A(?:::)?[a-z][a-z0-9_]*(?:::[a-z][a-z0-9_]*)*\z")]
    private static partial Regex ClassName();

    [GeneratedRegex(@"\A[a-z][a-z0-9_]*\z")]
    private static partial Regex Segment();
}
