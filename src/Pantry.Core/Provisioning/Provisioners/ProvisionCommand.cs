using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pantry.Commands;
using Pantry.Protocol;
using Pantry.Provisioning.Reports;
using Pantry.Security;

namespace Pantry.Provisioning.Provisioners;

/// <summary>Applies packages that are on the client. An order names packages, never directories: it can apply what was given to this client alone.</summary>
internal sealed class ProvisionCommand(IPackageSource packages, TimeProvider time, ILogger? log = null) : ICommand
{
    public const string CommandName = CommandTable.Provision;

    // Below the client's own directory.
    private const string DefinitionsFolder = "provisioners";

    /// <summary>Directory of a client's runs, below its own.</summary>
    public const string RunsFolder = "provision";

    public string Name => CommandName;

    public async Task<CommandOutcome> RunAsync(CommandContext context, CancellationToken cancellation)
    {
        if (context is not { Home: { } home, Client: { } client })
            return CommandOutcome.Failed("NotOffered", "Provisioning needs a client with a directory of its own.");
        ProvisionArguments arguments = Read(context);
        if (arguments.Packages is not { Count: > 0 } named || named.Count > context.Options.Provision.Packages)
            return CommandOutcome.Failed("InvalidArgument", $"Provision takes 1 to {context.Options.Provision.Packages} packages.");

        var plan = new ProvisionPlan
        {
            JobId = context.JobId,
            Client = client,
            Packages = [.. named.Select(package => new PlannedPackage(package.Name, package.Version, package.Kind, packages.Locate(home, package.Name, package.Version), package.Apply ?? true, package.Entry))],
            Parameters = arguments.Parameters ?? [],
            Secrets = context.Secrets,
            Directory = Path.Combine(home, RunsFolder),
            Definitions = Path.Combine(home, DefinitionsFolder),
            DryRun = arguments.DryRun,
        };
        ProvisionerTable provisioners = ProvisionerTable.Load(plan.Definitions, context.Options.Provision.Definitions);
        ProvisionResult result = await new ProvisionRun(plan, provisioners, context.Options, time, log ?? NullLogger.Instance).RunAsync(context.TimedOut, cancellation).ConfigureAwait(false);
        return Outcome(result);
    }

    /// <summary>The row of a run: it failed where one of its packages did, or could not be begun.</summary>
    public static CommandOutcome Outcome(ProvisionResult result)
    {
        CommandError? error = result.Refusal;
        ProvisionReport? failed = result.Reports.FirstOrDefault(report => report.Status is ProvisionStatus.Failed or ProvisionStatus.TimedOut or ProvisionStatus.Cancelled);
        if (failed is { Error: { } why })
            error = new CommandError(why.Code, $"{failed.Package} {failed.Version} failed{(failed.Tool is null ? "" : $" with {failed.Tool}")}: {why.Message}");
        return new CommandOutcome
        {
            Status = error is null ? CommandStatus.Succeeded : CommandStatus.Failed,
            ExitCode = failed?.ExitCode,
            Error = error,
            Output = JsonSerializer.SerializeToUtf8Bytes(result.Reports, ProvisionJson.Default.IReadOnlyListProvisionReport),
            Format = BodyFormat.Json,
            IsRedacted = true,
        };
    }

    private static ProvisionArguments Read(CommandContext context) =>
        CommandJson.Read(context, CommandName, ProvisionJson.Default.ProvisionArguments);
}

/// <summary>Where a client's packages are.</summary>
internal interface IPackageSource
{
    /// <summary>The directory of a package; it need not be there.</summary>
    /// <exception cref="PantryException">The name or the version is none.</exception>
    string Locate(string home, string name, string version);
}

/// <summary>Packages below the client's own directory: <c>packages/name/version</c>.</summary>
internal sealed class PackageFolder : IPackageSource
{
    public string Locate(string home, string name, string version)
    {
        if (name.AsSpan().ContainsAny("/\\") || version.AsSpan().ContainsAny("/\\"))
            throw new PantryException(PantryErrorCode.InvalidName, $"'{DisplayText.Clean($"{name} {version}", 80)}' is no package: its name and version have no slash.");
        return PathGuard.Resolve(home, $"packages/{name}/{version}");
    }
}

/// <param name="Packages">What to apply, in this order.</param>
/// <param name="Parameters">What the packages are given.</param>
/// <param name="DryRun">Whether tools are only asked what they would do.</param>
internal sealed record ProvisionArguments(IReadOnlyList<ArgumentPackage>? Packages, JsonObject? Parameters = null, bool DryRun = false);

internal sealed record ArgumentPackage(string Name, string Version, string Kind, bool? Apply = null, string? Entry = null);
