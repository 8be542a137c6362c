using System.Management.Automation;

namespace Pantry.PowerShell.Isolation;

/// <summary>Called by PowerShell when the module is imported: makes the types that users see known to type literals.</summary>
public sealed class ModuleAssemblyInitializer : IModuleAssemblyInitializer
{
    /// <summary>Loads the assembly of the types users see.</summary>
    public void OnImport() => _ = typeof(ClientInfo).Assembly;
}
