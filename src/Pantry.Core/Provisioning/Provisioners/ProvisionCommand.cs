using System.Text.Json;
using Microsoft.Extensions.Logging;
using Pantry.Commands;
using Pantry.Protocol;
using Pantry.Provisioning.Cache;
using Pantry.Provisioning.Reports;
using Pantry.Provisioning.Resolution;
using Pantry.Targeting;

namespace Pantry.Provisioning.Provisioners;

/// <summary>
/// Brings this client to its plan: has the plan that was fixed for the job, which must be one that the operator signed and meant for it, fetches the packages
/// that are missing, and applies them. Until the first is applied all of it may be done again; from then on never.
/// </summary>
/// <param name="plans">Asks the server for the plan of a job.</param>
/// <param name="packages">The packages that are on this machine.</param>
/// <param name="time">Clock.</param>
/// <param name="log">Log.</param>
internal sealed class ProvisionCommand(Func<string, CancellationToken, Task<byte[]>> plans, PackageCache packages, TimeProvider time, ILogger log) : ICommand
{
    // Below the client's own directory.
    private const string DefinitionsFolder = "provisioners";

    /// <summary>Directory of a client's runs, below its own.</summary>
    public const string RunsFolder = "provision";

    public string Name => ProvisionOrders.CommandName;

    public bool BeginsItself => true;

    public async Task<CommandOutcome> RunAsync(CommandContext context, CancellationToken cancellation)
    {
        if (context is not { Home: { } home, Client: { } client })
            return CommandOutcome.Failed(nameof(PantryErrorCode.NotOffered), "Provisioning needs a client with a directory of its own.");
        if (ProvisionOrders.Read(context.Arguments) is not { } order)
            return CommandOutcome.Failed(nameof(PantryErrorCode.InvalidArgument), $"The arguments of {Name} are not what it takes. Use Invoke-PantryProvision.");
        WrittenPlan written = WrittenPlan.Read(await plans(context.JobId, cancellation).ConfigureAwait(false));
        if (Refusal(order, written, client, context.Options.Provision.Packages) is { } refusal)
            return refusal;

        var notes = new List<string>();
        var parameters = PlanParameters.Fill(written.Document.Parameters, context.Secrets);
        var plan = new ProvisionPlan
        {
            JobId = context.JobId,
            Client = client,
            Digest = written.Digest,
            Packages = Planned(written.Document),
            Parameters = parameters.Plain,
            SecretParameters = parameters.Secret,
            SecretPlaces = parameters.SecretPlaces,
            Secrets = context.Secrets,
            Directory = Path.Combine(home, RunsFolder),
            Definitions = Path.Combine(home, DefinitionsFolder),
            DryRun = order.DryRun,
            Notes = notes,
            Bring = async bringing =>
            {
                await packages.BringAsync(written.Document.Packages, context.JobId, notes.Add, bringing).ConfigureAwait(false);
                if (!context.Begin())
                    throw new PantryException(PantryErrorCode.JobEnded, "The client was restarted while it applied packages for this order; how far it came is not known, and it is not done twice. Run it again.");
            },
        };
        var provisioners = ProvisionerTable.Load(plan.Definitions, context.Options.Provision.Definitions);
        ProvisionResult result = await new ProvisionRun(plan, provisioners, context.Options, time, log).RunAsync(context.TimedOut, cancellation).ConfigureAwait(false);
        return Outcome(result) with { StandardOutput = [.. notes.SelectMany(note => System.Text.Encoding.UTF8.GetBytes($"{note}\n"))] };
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

    // The server's word counts for nothing: the operator's signature does, and what this client is.
    private static CommandOutcome? Refusal(ProvisionOrder order, WrittenPlan written, ClientLabels client, int most) =>
        !order.Plans.Contains(written.Digest, StringComparer.Ordinal)
            ? CommandOutcome.Denied("PlanNotSigned", "The plan that came is none of those that the order's operator signed. Nothing was applied.")
        : written.Document.NotFor(client) is { } why
            ? CommandOutcome.Denied("PlanNotMeantForUs", $"The plan that came is not meant for '{client.Identity}': {why}. Nothing was applied.")
        : written.Document.Packages.Count > most
            ? CommandOutcome.Failed(nameof(PantryErrorCode.LimitReached), $"The plan has {written.Document.Packages.Count:N0} packages, and a client takes {most:N0} at most.")
        : null;

    // What is applied stands in the order of the steps; beside them, every package by its own kind, for others of the kind to find.
    private IReadOnlyList<PlannedPackage> Planned(PlanDocument document)
    {
        PlannedPackage[] applied = [.. document.Steps.Select(step => new PlannedPackage(step.Package, step.Version, step.Provisioner, packages.Locate(step.Package, step.Version), Apply: true, step.Entry))];
        IEnumerable<PlannedPackage> there = document.Packages
            .Where(package => !applied.Any(step => Names.Same(step.Name, package.Name) && step.Kind == package.Kind))
            .Select(package => new PlannedPackage(package.Name, package.Version, package.Kind, packages.Locate(package.Name, package.Version), Apply: false));
        return [.. there, .. applied];
    }
}
