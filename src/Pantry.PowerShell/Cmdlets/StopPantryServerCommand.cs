using System.Management.Automation;
using Pantry.PowerShell.State;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Stops a server of this runspace; without -Server, the only one.</summary>
[Cmdlet(VerbsLifecycle.Stop, "PantryServer", SupportsShouldProcess = true)]
public sealed class StopPantryServerCommand : PantryCmdlet
{
    /// <summary>The server to stop.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true)]
    [ValidateNotNull]
    public PantryServer[]? Server { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        RunspaceHost state = State;
        PantryServer[] servers = [.. (Server ?? Checked(() => Only(state))).Where(server => ShouldProcess($"{server}, {server.Path}", "Stop the Pantry server"))];
        // Begun here: what comes next in this runspace finds that they stop, however soon Ctrl+C ends the waiting.
        var stopped = Task.WhenAll([.. servers.Select(state.StopServerAsync)]);
        Run((_, _) => stopped);
    }

    private static PantryServer[] Only(RunspaceHost state) => state.Servers switch
    {
        [var server] => [server],
        [] => throw new PantryException(PantryErrorCode.NotConnected, "No server runs in this session."),
        _ => throw new PantryException(PantryErrorCode.InvalidArgument, "Several servers run in this session. Name one with -Server; Get-PantryServer lists them."),
    };
}
