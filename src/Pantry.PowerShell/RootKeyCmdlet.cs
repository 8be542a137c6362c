using System.Management.Automation;
using Pantry.PowerShell.State;
using Pantry.Server;

namespace Pantry.PowerShell;

/// <summary>A cmdlet that handles the fleet's root key, which never leaves its server over the network: the server must run in this runspace.</summary>
public abstract class RootKeyCmdlet : PantryCmdlet
{
    /// <summary>The server; by default the most recent one of this runspace.</summary>
    [Parameter(ValueFromPipeline = true)]
    [ValidateNotNull]
    public PantryServer? Server { get; set; }

    private protected PantryServer Here()
    {
        RunspaceHost state = State;
        PantryServer server = Server ?? (state.Servers is [.., var last] ? last : null) ?? throw new PantryException(PantryErrorCode.NotConnected,
            "The root key is handled where the server runs, and none runs in this session. Start it here with Start-PantryServer.");
        return server.Status == ServiceStatus.Running ? server
            : throw new PantryException(PantryErrorCode.Stopped, $"The server '{server}' was stopped. Use one that runs.") { Target = server.ToString() };
    }

    /// <summary>Does something with the key and writes what the key is then.</summary>
    private protected void Do(PantryServer server, Func<RootKeyDesk, Task<RootKeyInfo>> deed)
    {
        var host = (ServerHost)server.Host;
        Run(async (output, _) =>
        {
            RootKeyInfo key = await deed(new RootKeyDesk(host.Authority, host.Enrollments, host.Audit)).ConfigureAwait(false);
            if (Advice.OnWithdrawn(key) is { } withdrawn)
                await output.WarningAsync(withdrawn).ConfigureAwait(false);
            await output.WriteAsync(key).ConfigureAwait(false);
        });
    }
}
