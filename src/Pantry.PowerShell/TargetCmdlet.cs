using System.Management.Automation;
using Pantry.PowerShell.Completion;
using Pantry.Targeting;

namespace Pantry.PowerShell;

/// <summary>A cmdlet that is meant for clients: those named or piped, those of a stream, those with labels, or all.</summary>
public abstract class TargetCmdlet : FleetCmdlet
{
    private readonly List<string> _identities = [];

    /// <summary>Clients by identity, or as objects: clients, results, pings. A name that no client has is a row Unknown.</summary>
    [Parameter(Position = 1, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Identity")]
    [AllowNull]
    [AllowEmptyCollection]
    [ArgumentCompleter(typeof(IdentityCompleter))]
    public ClientReference[]? Client { get; set; }

    /// <summary>A stream such as shop.live.web: every client that hears it.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(StreamCompleter))]
    public string[]? Stream { get; set; }

    /// <summary>Clients of an application; together with -Environment and -Role, clients that match all of them.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ApplicationCompleter))]
    public string? Application { get; set; }

    /// <summary>Clients of an environment.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(EnvironmentCompleter))]
    public string? Environment { get; set; }

    /// <summary>Clients with a role.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(RoleCompleter))]
    public string? Role { get; set; }

    /// <summary>Every client that is let in, offline ones too.</summary>
    [Parameter]
    public SwitchParameter All { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        // Only collected: however many clients are piped, they are one order.
        if (Client is { } clients)
            _identities.AddRange(clients.Where(client => !string.IsNullOrEmpty(client?.Identity)).Select(client => client.Identity));
    }

    /// <summary>The one way of targeting that was used.</summary>
    private protected Target Target()
    {
        bool byClient = MyInvocation.ExpectingInput || MyInvocation.BoundParameters.ContainsKey(nameof(Client));
        bool byLabels = Application is not null || Environment is not null || Role is not null;
        int ways = (byClient ? 1 : 0) + (Stream is not null ? 1 : 0) + (byLabels ? 1 : 0) + (All ? 1 : 0);
        if (ways > 1)
        {
            throw new PantryException(PantryErrorCode.InvalidArgument,
                "More than one kind of target was given. Use one of -Client (or a pipeline), -Stream, -All, or -Application, -Environment and -Role.");
        }

        if (ways == 0)
        {
            throw new PantryException(PantryErrorCode.NoTarget,
                "No target was given, so nothing was sent. Name clients with -Client or pipe them, or use -Stream, -Application, -Environment, -Role; for every client, -All.");
        }

        if (byClient && _identities.Count == 0)
        {
            throw new PantryException(PantryErrorCode.NoTarget,
                MyInvocation.ExpectingInput ? "The pipeline brought no client, so nothing was sent." : "-Client was empty, so nothing was sent. Name clients, or use -All for every client.");
        }

        if (byClient && _identities.Find(NamePattern.HasWildcards) is { } pattern)
        {
            string shown = DisplayText.Clean(pattern, 80);
            throw new PantryException(PantryErrorCode.InvalidArgument,
                $"'{shown}' has wildcards, which -Client of {MyInvocation.MyCommand.Name} does not take, so nothing was sent. Pipe the clients that it means: Get-PantryClient '{shown}' | {MyInvocation.MyCommand.Name} ...")
            { Target = pattern };
        }

        return byClient ? Targeting.Target.Clients(_identities)
            : Stream is not null ? Targeting.Target.OfStreams(Stream)
            : All ? Targeting.Target.All
            : Targeting.Target.OfLabels(Application, Environment, Role);
    }
}
