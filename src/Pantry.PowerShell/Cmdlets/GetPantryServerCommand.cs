using System.Management.Automation;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Shows the servers that run in this session.</summary>
[Cmdlet(VerbsCommon.Get, "PantryServer")]
[OutputType(typeof(PantryServer))]
public sealed class GetPantryServerCommand : PantryCmdlet
{
    /// <summary>Servers to look at again.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true)]
    [ValidateNotNull]
    public PantryServer[]? Server { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => WriteObject(Server ?? State.Servers, enumerateCollection: true);
}
