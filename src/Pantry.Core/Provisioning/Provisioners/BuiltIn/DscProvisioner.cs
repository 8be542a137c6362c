using System.Text.Json;
using System.Text.Json.Nodes;
using Pantry.Configuration;
using Pantry.Provisioning.Reports;

namespace Pantry.Provisioning.Provisioners.BuiltIn;

/// <summary>
/// <c>dsc config set</c> of DSC v3, and <c>dsc config test</c> as its dry run. Where there is no dsc, PSDesiredStateConfiguration in a PowerShell takes the resources
/// of the same document, one by one. Parameters and secrets that the document declares are a file of parameters, its owner's alone.
/// </summary>
internal sealed class DscProvisioner : IProvisioner
{
    private const int MaxDocument = 4 * 1024 * 1024;
    private const int Depth = 32;
    private const string Native = "dsc";

    public string Kind => "dsc";

    public IReadOnlyList<ToolChoice> Tools { get; } =
    [
        new(Native, [Native], ["--version"]),
        new("PSDesiredStateConfiguration", ["pwsh", "powershell.exe"],
            ["-NoLogo", "-NoProfile", "-NonInteractive", "-Command", "'version ' + (Get-Module -ListAvailable PSDesiredStateConfiguration | Select-Object -First 1).Version"])
        { VersionPattern = @"version (\d[\d.]*)", MustSayVersion = true },
    ];

    public string InstallHint => "Install DSC v3, or the module PSDesiredStateConfiguration for PowerShell.";

    public ToolPlan Prepare(ProvisionWork work)
    {
        string file = Document(work);
        using JsonDocument document = YamlReport.TryParse(PlainFile.Read(file, MaxDocument), Depth, MaxDocument, typed: true, eachOnce: true)
            ?? throw work.Wrong($"'{Path.GetFileName(file)}' is no configuration document, or has a key twice.");
        JsonObject parameters = Declared(work, document.RootElement);
        if (work.Tool.Name != Native)
            return ThroughPowerShell(work, document.RootElement, parameters);

        List<string> arguments = ["--trace-level", "warn", "config"];
        if (parameters.Count > 0)
            arguments.AddRange(["--parameters-file", work.WriteSecret($"dsc-{Path.GetFileName(work.Directory)}.json", new JsonObject { ["parameters"] = parameters })]);
        arguments.AddRange([work.DryRun ? "test" : "set", "--file", file, "--output-format", "json"]);
        return new ToolPlan(new ToolCommand(work.Tool.Path, arguments, work.Package.Directory));
    }

    public void Read(ProvisionWork work, ToolOutcome outcome, ReportBuilder report)
    {
        bool told = !outcome.Last.Truncated && DscReport.Read(outcome.Last.Output, report);
        if (outcome.Last.ExitCode != 0 && !report.HasFailed)
            report.Fail($"{work.Tool.Name} ended with exit code {outcome.Last.ExitCode}: {outcome.Last.LastWords}");
        else if (!told && !report.HasFailed)
            report.Fail($"{work.Tool.Name} wrote no result that can be read; the log has what it said.");
    }

    private static ToolPlan ThroughPowerShell(ProvisionWork work, JsonElement document, JsonObject parameters)
    {
        var request = new JsonObject
        {
            ["dryRun"] = work.DryRun,
            ["defaults"] = new JsonObject(document.Members("parameters").Where(declared => declared.Value.At("defaultValue") is not null)
                .Select(declared => KeyValuePair.Create(declared.Name, JsonNode.Parse(declared.Value.At("defaultValue")!.Value.GetRawText())))),
            ["resources"] = document.At("resources") is { ValueKind: JsonValueKind.Array } resources ? JsonNode.Parse(resources.GetRawText()) : throw work.Wrong("its document has no resources."),
        };
        return new ToolPlan(new ToolCommand(work.Tool.Path, ["-NoLogo", "-NoProfile", "-NonInteractive", "-File", work.Write("dsc.ps1", PowerShellSource.Dsc)], work.Package.Directory)
        {
            Input = PowerShellRequest.Write(work, request, parameters, []),
            Environment = new Dictionary<string, string> { ["NO_COLOR"] = "1", ["TERM"] = "dumb" },
        });
    }

    // dsc refuses a parameter that the document does not declare.
    private static JsonObject Declared(ProvisionWork work, JsonElement document)
    {
        var parameters = new JsonObject();
        JsonObject secrets = work.SecretParameters();
        foreach (JsonProperty declared in document.Members("parameters"))
        {
            if ((secrets[declared.Name] ?? work.Plan.Parameters[declared.Name]) is { } value)
                parameters[declared.Name] = value.DeepClone();
        }

        return parameters;
    }

    private static string Document(ProvisionWork work)
    {
        if (work.Package.Entry is { } entry)
            return work.InPackage(entry);
        string[] found = [.. Directory.EnumerateFiles(work.Package.Directory).Where(file => Endings.Any(ending => file.EndsWith(ending, StringComparison.OrdinalIgnoreCase)))];
        return found is [string only] ? only
            : throw work.Wrong(found.Length == 0 ? "it has no *.dsc.yaml, *.dsc.config.yaml or *.dsc.json. Name the document as its entry." : "it has more than one document. Name one as its entry.");
    }

    private static readonly string[] Endings = [".dsc.yaml", ".dsc.yml", ".dsc.json", ".dsc.config.yaml", ".dsc.config.yml", ".dsc.config.json"];
}
