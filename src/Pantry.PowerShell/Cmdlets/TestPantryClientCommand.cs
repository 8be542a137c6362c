using System.Management.Automation;
using System.Runtime.CompilerServices;
using Pantry.Commands;
using Pantry.Operators;
using Pantry.PowerShell.Results;
using Pantry.Protocol;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Asks clients for a sign of life. One that gives none is a result, not an error; an unknown one is both.</summary>
[Cmdlet(VerbsDiagnostic.Test, "PantryClient")]
[OutputType(typeof(PingResult))]
public sealed class TestPantryClientCommand : TargetCmdlet
{
    /// <summary>How long to wait for a client; plain numbers are seconds. By default 5 seconds.</summary>
    [Parameter]
    [Seconds]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        IFleet fleet = Checked(Fleet);
        var request = new JobRequest { Target = Checked(Target), Command = PingCommand.CommandName, Timeout = Timeout, DeliveryTimeout = Timeout };
        Run(async (output, cancellation) =>
        {
            IJob job = await fleet.StartJobAsync(request, cancellation).ConfigureAwait(false);
            int done = 0, failed = 0;
            var progress = new ProgressLine(output, "Ping", () => new Counted(Volatile.Read(ref done), Volatile.Read(ref failed), job.Targets.Count), cancellation);
            await using ConfiguredAsyncDisposable shown = progress.ConfigureAwait(false);
            await foreach (ResultRow row in job.ReadRowsAsync(cancellation).ConfigureAwait(false))
            {
                Interlocked.Increment(ref done);
                if (row.Result.Status != CommandStatus.Succeeded)
                    Interlocked.Increment(ref failed);
                var result = new PingResult { Client = row.Client, Status = row.Result.Status, RoundTrip = row.RoundTrip, Error = row.Result.Error };
                await output.WriteAsync(result).ConfigureAwait(false);
                if (result.Status == CommandStatus.Unknown)
                {
                    await output.ErrorAsync(new ErrorRecord(
                        new PantryException(PantryErrorCode.NoMatchingClient, $"{DisplayText.Clean(row.Client, 80)}: {row.Result.Error?.Message}") { Target = row.Client },
                        row.Result.Error?.Code ?? nameof(CommandStatus.Unknown), ErrorCategory.ObjectNotFound, result)).ConfigureAwait(false);
                }
            }
        });
    }
}
