using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Pantry.Provisioning.Reports;

namespace Pantry.Provisioning.Provisioners.BuiltIn;

/// <summary>
/// <c>docker compose up --detach</c>; what is there before and after says what changed. Parameters and secrets are variables that the compose file may use.
/// A dry run is <c>docker compose config</c>, whose hashes of services are held against those of the containers.
/// </summary>
internal sealed class DockerProvisioner : IProvisioner
{
    private const int MaxProjectLength = 60, HashLength = 8;

    public string Kind => "docker";

    public IReadOnlyList<ToolChoice> Tools { get; } =
        [new("docker compose", ["docker", "/usr/local/bin/docker", @"C:\Program Files\Docker\Docker\resources\bin\docker.exe"], ["compose", "version", "--short"]) { MustSayVersion = true }];

    public string InstallHint => "Install Docker Engine with its compose plugin.";

    public ToolPlan Prepare(ProvisionWork work)
    {
        string file = work.Package.Entry is { } entry ? work.InPackage(entry)
            : work.FirstInPackage("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml") ?? throw work.Wrong("it has no compose.yaml.");
        List<string> common = ["compose", "--ansi", "never", "--project-name", Project(work), "--file", file];
        // Files of variables stand for what the compose file asks for, and for nothing that docker itself obeys.
        if (work.FirstInPackage(".env") is { } own)
            common.AddRange(["--env-file", own]);
        Dictionary<string, string> plain = Plain(work), secret = work.SecretVariables("");
        if (secret.Keys.FirstOrDefault(plain.ContainsKey) is { } both)
            throw work.Wrong($"two parameters become the variable '{both}'. Call one of them something else.");
        common.AddRange(["--env-file", work.Write("parameters.env", ComposeVariables.Write(work, plain))]);
        if (work.HasSecrets)
            common.AddRange(["--env-file", work.Secrets.Write($"docker-{Path.GetFileName(work.Directory)}.env", Encoding.UTF8.GetBytes(ComposeVariables.Write(work, secret)))]);
        ToolCommand Compose(params string[] rest) => new(work.Tool.Path, [.. common, .. rest], work.Package.Directory);

        ToolCommand list = Compose("ps", "--all", "--no-trunc", "--format", "json");
        return work.DryRun
            ? new ToolPlan(list with { StopsOnFailure = true }, Compose("config", "--quiet") with { StopsOnFailure = true }, Compose("config", "--hash", "*"))
            : new ToolPlan(list with { StopsOnFailure = true }, Compose("up", "--detach"), list);
    }

    public void Read(ProvisionWork work, ToolOutcome outcome, ReportBuilder report)
    {
        if (outcome.Runs.FirstOrDefault(run => run.ExitCode != 0) is { } failed)
            report.Fail($"docker compose ended with exit code {failed.ExitCode}: {failed.LastWords}");
        if (outcome.Runs.Count < 3)
            return;
        if (!work.DryRun)
            ComposeReport.Read(outcome.Runs[0].Output, outcome.Runs[2].Output, report);
        else if (!ComposeReport.ReadPlan(outcome.Runs[2].Output, outcome.Runs[0].Output, report) && !report.HasFailed)
            report.Fail("docker compose config named no service; the log has what it said.");
    }

    // One project for a package of an application, so that two applications on a machine don't take each other's containers.
    private static string Project(ProvisionWork work)
    {
        string? application = work.Plan.Client.Application?.ToLowerInvariant();
        string package = work.Package.Name.ToLowerInvariant(), name = application is null ? package : $"{application}-{package}";
        string project = new([.. name.Select(character => char.IsAsciiLetterLower(character) || char.IsAsciiDigit(character) || character is '-' or '_' ? character : '-')]);
        project = project.TrimStart('-', '_');
        if (project.Length == 0)
            throw work.Wrong("its name has no letter or digit, and a compose project needs one.");
        // Where another pair of names could become the same, a piece of its hash tells it apart.
        return project == name && project.Length <= MaxProjectLength && application?.Contains('-', StringComparison.Ordinal) == false
            ? project
            : $"{project[..Math.Min(project.Length, MaxProjectLength - HashLength - 1)]}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{application}\n{package}")))[..HashLength]}";
    }

    // Only what is a name and a plain value can be a variable. The rest is for packages of other tools, where there are some: nothing is left out that could be meant for
    // nobody else.
    private static Dictionary<string, string> Plain(ProvisionWork work)
    {
        var plain = new Dictionary<string, string> { ["PANTRY_IDENTITY"] = work.Plan.Client.Identity };
        bool alone = work.Plan.Packages.Where(package => package.Apply).All(package => package.Kind == work.Package.Kind);
        foreach ((string name, JsonNode? value) in work.Plan.Parameters)
        {
            if (value is not JsonValue)
                continue;
            if (!ProvisionWork.CanBeVariable(name))
            {
                if (alone)
                    throw work.Wrong($"the parameter '{DisplayText.Clean(name, 80)}' has a name that no variable can have. Use letters, digits and underscores, and begin with no digit.");
            }
            else if (!plain.TryAdd(name, value.ToString()))
            {
                throw work.Wrong($"the parameter '{name}' has the name of a variable of Pantry's own. Call it something else.");
            }
        }

        return plain;
    }
}
