using Microsoft.Extensions.Logging;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Provisioning.Reports;
using Pantry.Storage;

namespace Pantry.Provisioning.Provisioners;

/// <summary>
/// Applies the packages of a plan in their order, and stops at the first that fails. One report for each, whatever happens: what was not reached is
/// <see cref="ProvisionStatus.NotRun"/>.
/// </summary>
internal sealed class ProvisionRun(ProvisionPlan plan, ProvisionerTable provisioners, PantryOptions options, TimeProvider time, ILogger log)
{
    /// <summary>Below the directory of runs: a directory for each run, which goes with it.</summary>
    public const string WorkFolder = "work";

    // What a package's report always has room for, however much those before it have said.
    private const int LeastResources = 20;

    private readonly ProvisionLimits _limits = options.Provision;
    private readonly SecretRedactor _redactor = SecretRedactor.For(plan.Secrets, passwordSuffix: "");
    private readonly Dictionary<string, FoundTool?> _found = new(StringComparer.Ordinal);
    private int _roomForResources = options.Provision.Resources;

    /// <param name="ranOut">Whether a token that is cancelled means that time is over; null where it means that somebody cancelled.</param>
    /// <param name="cancellation">Ends what runs.</param>
    /// <exception cref="PantryException">A provisioner's definition has an error, the directory cannot be used, or a package could not be had.</exception>
    public async Task<ProvisionResult> RunAsync(Func<bool>? ranOut, CancellationToken cancellation)
    {
        using ProvisionLock? held = ProvisionLock.TryTake(plan.Directory, plan.JobId, time.GetUtcNow(), out string? refusal);
        if (held is null)
            return new ProvisionResult([], new CommandError("ProvisionRunning", refusal!));

        using var limit = new CancellationTokenSource(plan.Deadline ?? Timeout.InfiniteTimeSpan, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        if (plan.Bring is { } bring)
            await bring(either.Token).ConfigureAwait(false);
        string work = OwnerOnly.EnsureDirectory(Path.Combine(plan.Directory, WorkFolder, Guid.NewGuid().ToString("N")));
        var reports = new List<ProvisionReport>();
        bool RanOut() => cancellation.IsCancellationRequested ? ranOut?.Invoke() == true : limit.IsCancellationRequested;
        try
        {
            using SecretFolder secrets = SecretFolder.Create(work, path => held.NoteFiles(work, path));
            foreach (PlannedPackage package in plan.Packages.Where(package => package.Apply))
            {
                bool stopped = reports.Exists(report => report.Status is ProvisionStatus.Failed or ProvisionStatus.TimedOut or ProvisionStatus.Cancelled);
                reports.Add(stopped
                    ? Report(package, null) with { Status = ProvisionStatus.NotRun, Error = new CommandError("NotReached", "A package before this one was not applied.") }
                    : await TurnAsync(package, reports.Count + 1, work, secrets, held, RanOut, either.Token).ConfigureAwait(false));
            }
        }
        finally
        {
            WorkFiles.Remove(work);
        }

        return new ProvisionResult(reports, null);
    }

    private async Task<ProvisionReport> TurnAsync(
        PlannedPackage package, int place, string work, SecretFolder secrets, ProvisionLock held, Func<bool> ranOut, CancellationToken cancellation)
    {
        ProvisionReport report = Report(package, null);
        DateTimeOffset started = time.GetUtcNow();
        long begun = time.GetTimestamp();
        RunLog? written = null;
        try
        {
            IProvisioner provisioner = provisioners.Find(package.Kind);
            if (!Directory.Exists(package.Directory))
                throw new PantryException(PantryErrorCode.InvalidArgument, $"The package {package.Name} {package.Version} is not on this machine: there is no '{package.Directory}'.");
            if (await FindAsync(provisioner, cancellation).ConfigureAwait(false) is not { } tool)
            {
                return report with
                {
                    Status = ProvisionStatus.Failed,
                    Error = new CommandError("ToolMissing", $"{package.Name} is applied by {string.Join(" or ", provisioner.Tools.Select(choice => choice.Name))}, which this client's machine has not. {provisioner.InstallHint}"),
                };
            }

            report = Report(package, tool) with { StartedAt = started };
            var turn = new ProvisionWork(plan, package, tool, OwnerOnly.EnsureDirectory(Path.Combine(work, $"{place:000}")), secrets, _limits);
            ToolPlan commands = provisioner.Prepare(turn);
            if (commands.NotRun is { } nothing)
                return report with { Status = ProvisionStatus.NotRun, Error = new CommandError("DryRunNotOffered", nothing) };

            written = new LogFolder(Path.Combine(plan.Directory, "logs"), _limits, time).Open(plan, package, place, _redactor);
            report = report with { LogPath = written.Path };
            foreach (string note in place == 1 ? plan.Notes : [])
                written.Note(note);
            written.Note($"job {plan.JobId}: {(plan.DryRun ? "dry run of" : "apply")} {package.Name} {package.Version} with {tool.Name} {tool.Version}");
            ToolOutcome outcome = await RunAsync(commands, written, held, cancellation).ConfigureAwait(false);
            return Finished(report, provisioner, turn, outcome, begun, written);
        }
        catch (OperationCanceledException)
        {
            written?.Flush();
            bool late = ranOut();
            return report with
            {
                Status = late ? ProvisionStatus.TimedOut : ProvisionStatus.Cancelled,
                Duration = time.GetElapsedTime(begun),
                LogTail = written?.Tail() ?? "",
                Error = late
                    ? new CommandError("RunTimedOut", "The time for provisioning was over, and the tool was stopped with all it had started. Give it more with -Timeout.")
                    : new CommandError("Cancelled", "It was cancelled, and the tool was stopped with all it had started."),
            };
        }
        catch (Exception error) when (error is PantryException or IOException or UnauthorizedAccessException)
        {
            string code = (error as PantryException)?.Code.ToString() ?? nameof(PantryErrorCode.StorageFailed);
            return report with
            {
                Status = ProvisionStatus.Failed,
                Duration = time.GetElapsedTime(begun),
                LogTail = written?.Tail() ?? "",
                Error = _redactor.Redact(new CommandError(code, error.Message)),
            };
        }
        finally
        {
            written?.Dispose();
        }
    }

    private async Task<ToolOutcome> RunAsync(ToolPlan commands, RunLog written, ProvisionLock held, CancellationToken cancellation)
    {
        var runs = new List<ToolRun>();
        foreach (ToolCommand command in commands.Commands)
        {
            held.NoteStart();
            written.Note(string.Join(' ', new[] { command.Program }.Concat(command.Arguments).Select(argument => argument.Contains(' ', StringComparison.Ordinal) ? $"'{argument}'" : argument)));
            ToolRun run = await ToolRunner.RunAsync(command, plan.JobId, written, options, held.NoteTool, cancellation).ConfigureAwait(false);
            written.Note($"ended with exit code {run.ExitCode}");
            runs.Add(run);
            if (command.StopsOnFailure && run.ExitCode != 0)
                break;
        }

        return new ToolOutcome(runs);
    }

    private ProvisionReport Finished(ProvisionReport report, IProvisioner provisioner, ProvisionWork turn, ToolOutcome outcome, long begun, RunLog written)
    {
        var builder = new ReportBuilder(_limits, _redactor, plan.DryRun);
        provisioner.Read(turn, outcome, builder);
        ToolReport said = builder.Build(Math.Max(_roomForResources, LeastResources));
        _roomForResources -= said.Resources.Count;
        if (said.Failure is { } why)
            log.LogWarning("Package {Package} {Version} failed with {Tool}: {Why}. The log is {Log}.", report.Package, report.Version, report.Tool, DisplayText.FirstLine(why), written.Path);
        return report with
        {
            Status = said.Status(plan.DryRun),
            Changed = said.Changed,
            Failed = said.Failed,
            Unchanged = said.Unchanged,
            Skipped = said.Skipped,
            Resources = said.Resources,
            ResourcesLeftOut = said.LeftOut,
            Artifacts = said.Artifacts,
            ExitCode = outcome.Last.ExitCode,
            Duration = time.GetElapsedTime(begun),
            LogTail = written.Tail(),
            Error = said.Failure is null ? null : new CommandError("ProvisionFailed", said.Failure),
        };
    }

    private async Task<FoundTool?> FindAsync(IProvisioner provisioner, CancellationToken cancellation)
    {
        if (provisioner.Tools.Count == 0)
            return new FoundTool(provisioner.Kind, "", null);
        if (!_found.TryGetValue(provisioner.Kind, out FoundTool? tool))
            _found[provisioner.Kind] = tool = await ToolFinder.FindAsync(provisioner.Tools, plan.SearchPath, plan.JobId, options, cancellation).ConfigureAwait(false);
        return tool;
    }

    private ProvisionReport Report(PlannedPackage package, FoundTool? tool) => new()
    {
        Plan = plan.Digest,
        Package = package.Name,
        Version = package.Version,
        Kind = package.Kind,
        Tool = tool?.Name,
        ToolVersion = tool?.Version,
        DryRun = plan.DryRun,
    };
}

/// <param name="Reports">One for each package that was to be applied.</param>
/// <param name="Refusal">Why there was no run at all.</param>
internal sealed record ProvisionResult(IReadOnlyList<ProvisionReport> Reports, CommandError? Refusal);
