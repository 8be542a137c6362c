using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Shows what clients would get now: exact versions of packages, parameters, and steps. Nothing is sent to them.</summary>
[Cmdlet(VerbsCommon.Get, "PantryPlan")]
[OutputType(typeof(PantryPlan))]
public sealed class GetPantryPlanCommand : ClientFilterCmdlet
{
    private readonly List<string> _clients = [];

    /// <summary>Clients by name, or what Get-PantryClient brought; wildcards are permitted.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Identity")]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(IdentityCompleter))]
    public string[]? Client { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => _clients.AddRange(Client ?? []);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        // An empty pipeline means nobody, not everybody.
        if (_clients.Count == 0 && MyInvocation.ExpectingInput)
            return;
        IFleet fleet = Checked(Fleet);
        ClientFilter filter = Filter([.. _clients]);
        Run(async (output, cancellation) =>
        {
            var missing = new HashSet<string>(filter.Identities.Where(identity => new NamePattern(identity).IsLiteral), Names.Comparer);
            await foreach (PantryPlan plan in fleet.Provisioning.FindPlansAsync(filter, cancellation).ConfigureAwait(false))
            {
                missing.Remove(plan.Client);
                await output.WriteAsync(plan).ConfigureAwait(false);
                if (plan.Error is { } error)
                    await output.ErrorAsync(ErrorMap.ToRecord(plan, error)).ConfigureAwait(false);
            }

            foreach (string identity in missing)
            {
                await output.ErrorAsync(new PantryException(PantryErrorCode.NoMatchingClient,
                    $"The server knows no client '{DisplayText.Clean(identity, 80)}' that matches and that you may provision. Check the name and the other conditions.")
                { Target = identity }).ConfigureAwait(false);
            }
        });
    }
}
