using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Shows what clients would get now: exact versions of packages, parameters, and steps. Nothing is sent to them.</summary>
[Cmdlet(VerbsCommon.Get, "PantryPlan")]
[OutputType(typeof(PantryPlan))]
public sealed class GetPantryPlanCommand : FleetCmdlet
{
    private readonly List<string> _clients = [];

    /// <summary>Clients by name, or what Get-PantryClient brought; wildcards are permitted.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Identity")]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(IdentityCompleter))]
    public string[]? Client { get; set; }

    /// <summary>Clients of an application; wildcards are permitted.</summary>
    [Parameter]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(ApplicationCompleter))]
    public string? Application { get; set; }

    /// <summary>Clients of an environment; wildcards are permitted.</summary>
    [Parameter]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(EnvironmentCompleter))]
    public string? Environment { get; set; }

    /// <summary>Clients of a role; wildcards are permitted.</summary>
    [Parameter]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(RoleCompleter))]
    public string? Role { get; set; }

    /// <summary>Clients that hear a stream.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(StreamCompleter))]
    public string? Stream { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => _clients.AddRange(Client ?? []);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        // An empty pipeline means nobody, not everybody.
        if (_clients.Count == 0 && MyInvocation.ExpectingInput)
            return;
        IFleet fleet = Checked(Fleet);
        var filter = new ClientFilter
        {
            Identities = [.. _clients],
            Application = Application,
            Environment = Environment,
            Role = Role,
            Stream = Stream is null ? null : Checked(() => Names.RequireStream(Stream)),
        };
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
