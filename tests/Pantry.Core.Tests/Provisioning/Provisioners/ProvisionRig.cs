using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Pantry.Configuration;
using Pantry.Provisioning.Applications;
using Pantry.Provisioning.Provisioners;
using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.Tests.Provisioning.Provisioners;

/// <summary>A client's directory, packages beside it, a place that stands for the machine, and programs that stand for tools.</summary>
internal sealed class ProvisionRig : IDisposable
{
    // A directory as a client has one: tools treat what lies below /dev in ways of its own.
    private readonly string _root = Directory.CreateTempSubdirectory("pantry-provision-").FullName;
    private int _jobs;

    public ProvisionRig()
    {
        Directory.CreateDirectory(Machine);
        Directory.CreateDirectory(Programs);
    }

    public PantryOptions Options { get; init; } = new() { TerminationGrace = TimeSpan.FromMilliseconds(500) };

    /// <summary>What packages change.</summary>
    public string Machine => Path.Combine(_root, "machine");

    /// <summary>The client's own directory.</summary>
    public string Home => Path.Combine(_root, "home");

    public string Runs => Path.Combine(Home, "provision");

    public string Definitions => Path.Combine(Home, "provisioners");

    /// <summary>Programs here are found before those of the machine.</summary>
    public string Programs => Path.Combine(_root, "bin");

    public string Root => _root;

    public static ClientLabels Client => ClientLabels.Create("app.host", "shop", "production", ["web", "db"]);

    public string SearchPath => $"{Programs}{Path.PathSeparator}{Environment.GetEnvironmentVariable("PATH")}";

    /// <summary>A package of files; those that begin with #! can be run.</summary>
    public PlannedPackage Package(string kind, string name, params (string Path, string Text)[] files)
    {
        string directory = Path.Combine(_root, "packages", name);
        foreach ((string path, string text) in files)
            Write(Path.Combine(directory, path), text);
        return new PlannedPackage(name, "1.2.3", kind, directory);
    }

    /// <summary>A program that stands for a tool: a shell script.</summary>
    public void Fake(string name, string script) => Write(Path.Combine(Programs, name), "#!/bin/sh\n" + script);

    public void Define(string file, string yaml)
    {
        OwnerOnly.EnsureDirectory(Definitions);
        File.WriteAllText(Path.Combine(Definitions, file), yaml);
    }

    public ProvisionPlan Plan(params PlannedPackage[] packages) => new()
    {
        JobId = $"job{Interlocked.Increment(ref _jobs)}x{Guid.NewGuid():N}",
        Client = Client,
        Packages = packages,
        Parameters = new JsonObject { ["root"] = Machine },
        Directory = Runs,
        Definitions = Definitions,
        SearchPath = SearchPath,
    };

    public async Task<ProvisionReport> ApplyAsync(PlannedPackage package, bool dryRun = false, JsonObject? parameters = null, Dictionary<string, byte[]>? secrets = null, TimeSpan? deadline = null)
    {
        ProvisionPlan plan = Plan(package) with { DryRun = dryRun, Deadline = deadline };
        if (parameters is not null)
            plan = plan with { Parameters = parameters };
        if (secrets is not null)
            plan = WithSecrets(plan, secrets);
        return Assert.Single(await RunAsync(plan));
    }

    public async Task<IReadOnlyList<ProvisionReport>> RunAsync(ProvisionPlan plan, CancellationToken cancellation = default)
    {
        ProvisionResult result = await RunToResultAsync(plan, cancellation);
        Assert.Null(result.Refusal);
        return result.Reports;
    }

    public Task<ProvisionResult> RunToResultAsync(ProvisionPlan plan, CancellationToken cancellation = default) => new ProvisionRun(
        plan, ProvisionerTable.Load(plan.Definitions, Options.Provision.Definitions), Options, TimeProvider.System, NullLogger.Instance).RunAsync(null, cancellation)
        .WaitAsync(TimeSpan.FromMinutes(2), CancellationToken.None);

    public static Dictionary<string, byte[]> Secrets(params (string Name, string Value)[] secrets) =>
        secrets.ToDictionary(secret => secret.Name, secret => Encoding.UTF8.GetBytes(secret.Value));

    /// <summary>A plan whose parameters of these names are secrets.</summary>
    public static ProvisionPlan WithSecrets(ProvisionPlan plan, Dictionary<string, byte[]> secrets) =>
        Filled(plan, new JsonObject(secrets.Select(secret => KeyValuePair.Create(secret.Key, (JsonNode?)Secret(secret.Key)))), secrets);

    /// <summary>A plan with parameters that name secrets.</summary>
    public static ProvisionPlan Filled(ProvisionPlan plan, JsonObject parameters, Dictionary<string, byte[]> secrets)
    {
        var filled = PlanParameters.Fill(parameters, secrets);
        return plan with { Secrets = secrets, SecretParameters = filled.Secret, SecretPlaces = filled.SecretPlaces };
    }

    /// <summary>What stands in a plan for a secret.</summary>
    public static JsonObject Secret(string name) => new() { [ParameterJson.SecretKey] = name };

    /// <summary>Files below the rig that hold a text, links not followed.</summary>
    public IEnumerable<string> FilesWith(string text) => Directory
        .EnumerateFiles(_root, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
        .Where(file => File.ReadAllText(file, Encoding.Latin1).Contains(text, StringComparison.Ordinal));

    /// <summary>A file's mode; nothing where there are none.</summary>
    public static UnixFileMode Mode(string path) => OperatingSystem.IsWindows() ? UnixFileMode.None : File.GetUnixFileMode(path);

    public static void SetMode(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, mode);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private static void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text.ReplaceLineEndings("\n"));
        if (text.StartsWith("#!", StringComparison.Ordinal) && !OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
