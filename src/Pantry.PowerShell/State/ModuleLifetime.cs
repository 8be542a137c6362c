using System.ComponentModel;
using System.Management.Automation.Runspaces;

namespace Pantry.PowerShell.State;

/// <summary>For the module's own script: PowerShell tells only a script block that a module is removed, by -Force too.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class ModuleLifetime
{
    /// <summary>Stops everything that this runspace has running.</summary>
    public static void End() => RunspaceHost.StopIn(Runspace.DefaultRunspace);
}
