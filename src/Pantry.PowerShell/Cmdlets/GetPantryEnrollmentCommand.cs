using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Lists enrolments and tokens, by default those that can still be used. Nothing of their secrets is shown: the server does not have them.</summary>
[Cmdlet(VerbsCommon.Get, "PantryEnrollment")]
[OutputType(typeof(EnrollmentInfo))]
public sealed class GetPantryEnrollmentCommand : FleetCmdlet
{
    /// <summary>Ids, or what New-PantryEnrollment and New-PantryEnrollmentToken have made; wildcards are permitted.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(EnrollmentCompleter))]
    public EnrollmentReference[]? Id { get; set; }

    /// <summary>Enrolments or tokens; by default both.</summary>
    [Parameter]
    public EnrollmentKind? Kind { get; set; }

    /// <summary>Those too that were used or withdrawn, or whose time is over.</summary>
    [Parameter]
    public SwitchParameter All { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        IFleet fleet = Checked(Fleet);
        var filter = new EnrollmentFilter { Ids = [.. (Id ?? []).Select(reference => reference.Id)], Kind = Kind, All = All };
        Run(async (output, cancellation) =>
        {
            var missing = new HashSet<string>(filter.Ids.Where(id => new NamePattern(id).IsLiteral), Names.Comparer);
            await foreach (EnrollmentInfo enrollment in fleet.FindEnrollmentsAsync(filter, cancellation).ConfigureAwait(false))
            {
                missing.Remove(enrollment.Id);
                await output.WriteAsync(enrollment).ConfigureAwait(false);
            }

            foreach (string id in missing)
            {
                await output.ErrorAsync(new PantryException(PantryErrorCode.NoMatchingEnrollment,
                    $"The server has no {(filter.All ? "" : "open ")}enrolment or token '{DisplayText.Clean(id, 80)}' that matches."
                    + (filter.All ? " Those that were over long ago are forgotten." : " -All lists those too that were used or withdrawn, or whose time is over."))
                { Target = id }).ConfigureAwait(false);
            }
        });
    }
}
