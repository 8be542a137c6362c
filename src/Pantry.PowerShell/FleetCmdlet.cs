using System.Management.Automation;
using Pantry.Operators;

namespace Pantry.PowerShell;

/// <summary>A cmdlet that asks something of a server: the one given, or the runspace's most recent server or session.</summary>
public abstract class FleetCmdlet : PantryCmdlet
{
    /// <summary>A PantrySession or PantryServer; by default the most recent one of this runspace.</summary>
    [Parameter]
    [ValidateNotNull]
    public PSObject? Session { get; set; }

    private protected IFleet Fleet() => State.FleetOf(Session?.BaseObject);
}
