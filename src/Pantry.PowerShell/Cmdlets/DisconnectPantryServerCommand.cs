using System.Management.Automation;
using Pantry.PowerShell.State;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Closes a connection; without -Session, the most recent one. Jobs that run go on without this console.</summary>
[Cmdlet(VerbsCommunications.Disconnect, "PantryServer")]
public sealed class DisconnectPantryServerCommand : PantryCmdlet
{
    /// <summary>The connections to close.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true)]
    [ValidateNotNull]
    public PantrySession[]? Session { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        RunspaceHost state = State;
        PantrySession[] sessions = Session ?? Checked(() => state.Sessions.Count > 0
            ? (PantrySession[])[state.Sessions[^1]]
            : throw new PantryException(PantryErrorCode.NotConnected, "There is no connection to close in this session."));
        Run((_, _) => Task.WhenAll(sessions.Select(state.DisconnectAsync)));
    }
}
