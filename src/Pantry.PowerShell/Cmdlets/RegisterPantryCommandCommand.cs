using System.Management.Automation;
using Pantry.Commands;
using Pantry.PowerShell.Scripts;
using Pantry.Targeting;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Adds a command to the clients of this session, those registered later too. It runs in a clean runspace.</summary>
[Cmdlet(VerbsLifecycle.Register, "PantryCommand", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
public sealed class RegisterPantryCommandCommand : PantryCmdlet
{
    /// <summary>Name of the command.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    public string Name { get; set; } = "";

    /// <summary>What it does. -Argument of Send-PantryCommand becomes its named parameters, -ArgumentList its positional ones.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    public ScriptBlock ScriptBlock { get; set; } = null!;

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        string name = Checked(() => Names.RequireIdentity(Name, "command name"));
        if (CommandTable.BuiltIn.Contains(name, Names.Comparer))
            ThrowTerminatingError(ErrorMap.ToRecord(Invalid($"'{name}' is one of Pantry's own commands. Choose another name.", name)));
        if (ShouldProcess(name, "Add the command to the clients of this session"))
            State.Commands.Add(new RegisteredCommand(name, ScriptBlock.ToString()));
    }
}
