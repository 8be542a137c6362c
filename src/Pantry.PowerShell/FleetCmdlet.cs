using System.Management.Automation;
using Pantry.Configuration;
using Pantry.Configuration.Settings;
using Pantry.Hosting;
using Pantry.Operators;
using Pantry.PowerShell.State;

namespace Pantry.PowerShell;

/// <summary>A cmdlet that asks something of a server: the one given, or the runspace's most recent server or session.</summary>
public abstract class FleetCmdlet : PantryCmdlet
{
    /// <summary>A PantrySession or PantryServer; by default the most recent one of this runspace.</summary>
    [Parameter]
    [ValidateNotNull]
    public PSObject? Session { get; set; }

    /// <summary>
    /// The fleet to ask. Where nothing was started or connected in this runspace, the user's own defaults say where the server
    /// is; the session stays and is the runspace's from then on.
    /// </summary>
    private protected IFleet Fleet()
    {
        RunspaceHost state = State;
        if (Session is null && !state.HasFleet)
            ConnectByDefaults(state);
        return state.FleetOf(Session?.BaseObject);
    }

    private void ConnectByDefaults(RunspaceHost state)
    {
        OperatorSettings settings = OperatorDefaults.Load().Values;
        if (settings.OperatorFile is null)
            return;
        OperatorCredentials credentials = ConfiguredHost.Operator(settings, settings.OperatorFile);
        WriteVerbose($"There is no session here, so '{OperatorDefaults.Path}' says which: connecting as {DisplayText.Clean(credentials.ToString(), 200)}.");
        Run(async (_, cancellation) => await state.ConnectAsync(credentials, settings.Options, cancellation).ConfigureAwait(false));
    }
}
