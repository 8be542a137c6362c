using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Lists the clients that the server knows.</summary>
[Cmdlet(VerbsCommon.Get, "PantryClient")]
[OutputType(typeof(ClientInfo))]
public sealed class GetPantryClientCommand : ClientFilterCmdlet
{
    /// <summary>Identities; wildcards are permitted.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(IdentityCompleter))]
    public string[]? Identity { get; set; }

    /// <summary>Clients of a status.</summary>
    [Parameter]
    public ClientStatus? Status { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        IFleet fleet = Checked(Fleet);
        ClientFilter filter = Filter(Identity ?? []) with { Status = Status };
        Run(async (output, cancellation) =>
        {
            var missing = new HashSet<string>(filter.Identities.Where(identity => new NamePattern(identity).IsLiteral), Names.Comparer);
            await foreach (ClientInfo client in fleet.FindClientsAsync(filter, cancellation).ConfigureAwait(false))
            {
                missing.Remove(client.Identity);
                await output.WriteAsync(client).ConfigureAwait(false);
            }

            foreach (string identity in missing)
            {
                await output.ErrorAsync(new PantryException(PantryErrorCode.NoMatchingClient,
                    $"The server knows no client '{DisplayText.Clean(identity, 80)}' that matches. Check the name and the other conditions, or use wildcards.")
                { Target = identity }).ConfigureAwait(false);
            }
        });
    }
}
