using System.Management.Automation;
using Pantry.PowerShell.Results;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Folds results that look the same, the largest group first: what a thousand clients say is a few lines then.</summary>
[Cmdlet("Group", "PantryResult")]
[OutputType(typeof(ResultGroup))]
public sealed class GroupPantryResultCommand : PSCmdlet
{
    // Held as an object: PowerShell reflects over this type before the core is loaded.
    private readonly object _fold = new ResultFold();

    /// <summary>Results of Send-PantryCommand or Receive-PantryJob.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [AllowEmptyCollection]
    [ValidateNotNull]
    public CommandResult[] Result { get; set; } = [];

    /// <summary>Says of each smaller group in which lines it is not as the largest.</summary>
    [Parameter]
    public SwitchParameter Difference { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (CommandResult result in Result)
            ((ResultFold)_fold).Add(result);
    }

    /// <inheritdoc/>
    protected override void EndProcessing() => WriteObject(((ResultFold)_fold).Groups(Difference), enumerateCollection: true);
}
