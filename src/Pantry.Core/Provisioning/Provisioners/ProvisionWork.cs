using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pantry.Configuration;
using Pantry.Security;
using Pantry.Storage;

namespace Pantry.Provisioning.Provisioners;

/// <summary>One package's turn: what is applied with what, and the files of it.</summary>
internal sealed class ProvisionWork(ProvisionPlan plan, PlannedPackage package, FoundTool tool, string directory, SecretFolder secrets, ProvisionLimits limits)
{
    public const string ReportName = "report";

    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public ProvisionPlan Plan => plan;

    public PlannedPackage Package => package;

    public FoundTool Tool => tool;

    public bool DryRun => plan.DryRun;

    /// <summary>Files of this turn alone; removed after it.</summary>
    public string Directory => directory;

    /// <summary>What the tool keeps from one run to the next.</summary>
    public string State => OwnerOnly.EnsureDirectory(Path.Combine(plan.Directory, "state", package.Kind));

    public SecretFolder Secrets => secrets;

    /// <summary>Where a tool that is told a place writes its report.</summary>
    public string ReportPath => Path.Combine(directory, ReportName);

    /// <summary>The same for a report that may quote secrets: among the files that only their owner can read.</summary>
    public string SecretReportPath => Path.Combine(secrets.Path, SecretReportName);

    private string SecretReportName => $"{ReportName}-{Path.GetFileName(directory)}";

    /// <summary>The packages of the plan that this one may need: all of its kind, itself included.</summary>
    public IEnumerable<PlannedPackage> OfKind => plan.Packages.Where(other => other.Kind == package.Kind).DistinctBy(other => other.Directory);

    /// <summary>Who the client is, as tools see it.</summary>
    public JsonObject About => new()
    {
        ["identity"] = plan.Client.Identity,
        ["application"] = plan.Client.Application,
        ["environment"] = plan.Client.Environment,
        ["roles"] = new JsonArray([.. plan.Client.Roles.Select(role => (JsonNode)role)]),
        ["package"] = package.Name,
        ["version"] = package.Version,
        ["dry_run"] = plan.DryRun,
    };

    /// <summary>A copy of the parameters, to be added to.</summary>
    public JsonObject Parameters() => (JsonObject)plan.Parameters.DeepClone();

    /// <summary>Writes a work file.</summary>
    public string Write(string name, string text)
    {
        string path = PathGuard.Resolve(directory, name);
        OwnerOnly.EnsureDirectory(Path.GetDirectoryName(path)!);
        PrivateFile.Replace(path, Encoding.UTF8.GetBytes(text));
        return path;
    }

    public string Write(string name, JsonNode json) => Write(name, json.ToJsonString(Json));

    /// <summary>Writes an owner-only file that is gone after the run.</summary>
    public string WriteSecret(string name, JsonNode json) => secrets.Write(name, Encoding.UTF8.GetBytes(json.ToJsonString(Json)));

    /// <summary>Whether there are parameters with secrets.</summary>
    public bool HasSecrets => plan.SecretParameters.Count > 0;

    /// <summary>A copy of the parameters with secrets, for what only its owner can read.</summary>
    public JsonObject SecretParameters() => (JsonObject)plan.SecretParameters.DeepClone();

    /// <summary>
    /// The parameters with secrets as variables of the tool's environment, all behind a prefix: who writes an application's document chooses their names, and
    /// an interpreter obeys some variables. What a variable's name cannot have becomes an underscore; lists and maps are JSON.
    /// </summary>
    /// <exception cref="PantryException">A value is none for a variable, a name without a prefix is reserved, or two names become one.</exception>
    public Dictionary<string, string> SecretVariables(string prefix)
    {
        var variables = new Dictionary<string, string>();
        foreach ((string name, JsonNode? secret) in plan.SecretParameters)
        {
            string variable = prefix + Commands.SecretVariables.NameFor(name);
            if (prefix.Length == 0)
                Commands.SecretVariables.RequireName(variable);
            if (!variables.TryAdd(variable, Commands.SecretVariables.Value(name, Encoding.UTF8.GetBytes(secret is JsonValue value ? value.ToString() : secret!.ToJsonString(Json)))))
                throw Wrong($"two parameters with secrets become the variable '{variable}'; '{DisplayText.Clean(name, 80)}' is one of them. Call it something else.");
        }

        return variables;
    }

    /// <summary>Whether a variable can have a name as it is.</summary>
    public static bool CanBeVariable(string name) => Commands.SecretVariables.NameFor(name) == name;

    /// <summary>A file or directory of the package, which no link leads out of.</summary>
    public string InPackage(string name) => PathGuard.Resolve(package.Directory, name);

    /// <summary>The first of these that the package has; null where it has none.</summary>
    public string? FirstInPackage(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            string path = InPackage(name);
            if (File.Exists(path))
                return path;
        }

        return null;
    }

    /// <summary>A report of the tool: a plain file of the work directory, and no larger than reports are; null where it is none.</summary>
    public ReadOnlyMemory<byte>? ReadReport(string name = ReportName) => ReadReport(directory, name);

    /// <summary>Whether the tool has put anything there, whatever it is.</summary>
    public bool HasReport => Path.Exists(ReportPath) || new FileInfo(ReportPath).LinkTarget is not null;

    /// <summary>The same for what was written to <see cref="SecretReportPath"/>.</summary>
    public ReadOnlyMemory<byte>? ReadSecretReport() => ReadReport(secrets.Path, SecretReportName);

    private ReadOnlyMemory<byte>? ReadReport(string folder, string name)
    {
        try
        {
            return PlainFile.Read(PathGuard.Resolve(folder, name), limits.ReportBytes);
        }
        catch (Exception exception) when (exception is PantryException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>An error about the package, with its name.</summary>
    public PantryException Wrong(string what) =>
        new(PantryErrorCode.InvalidArgument, $"The package {package.Name} {package.Version} cannot be applied as {package.Kind}: {what}") { Target = package.Name };
}
