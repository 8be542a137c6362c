using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>The clients that the server knows.</summary>
[Cmdlet(VerbsCommon.Get, "PantryClient")]
[OutputType(typeof(ClientInfo))]
public sealed class GetPantryClientCommand : FleetCmdlet
{
    /// <summary>Identities; wildcards are permitted.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(IdentityCompleter))]
    public string[]? Identity { get; set; }

    /// <summary>Applications; wildcards are permitted.</summary>
    [Parameter]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(ApplicationCompleter))]
    public string? Application { get; set; }

    /// <summary>Environments; wildcards are permitted.</summary>
    [Parameter]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(EnvironmentCompleter))]
    public string? Environment { get; set; }

    /// <summary>Roles; wildcards are permitted.</summary>
    [Parameter]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(RoleCompleter))]
    public string? Role { get; set; }

    /// <summary>Clients that hear a stream.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(StreamCompleter))]
    public string? Stream { get; set; }

    /// <summary>Clients of a status.</summary>
    [Parameter]
    public ClientStatus? Status { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        IFleet fleet = Checked(Fleet);
        var filter = new ClientFilter
        {
            Identities = Identity ?? [],
            Application = Application,
            Environment = Environment,
            Role = Role,
            Stream = Stream is null ? null : Checked(() => Names.RequireStream(Stream)),
            Status = Status,
        };
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
