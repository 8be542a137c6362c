using System.Collections;
using System.Management.Automation;
using Pantry.PowerShell.Completion;
using Pantry.PowerShell.Scripts;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Makes a step for Send-PantryCommand -Step: what Send-PantryCommand takes for one command, with a name of its own.</summary>
[Cmdlet(VerbsCommon.New, "PantryStep", DefaultParameterSetName = "ScriptBlock")]
[OutputType(typeof(PantryStep))]
public sealed class NewPantryStepCommand : PantryCmdlet
{
    /// <summary>A script to run; $using: brings values of this session, as they are now.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "ScriptBlock")]
    public ScriptBlock? ScriptBlock { get; set; }

    /// <summary>A command line for the client's shell. With -ArgumentList, a program that is started without a shell.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "ShellCommand")]
    [ValidateNotNullOrEmpty]
    public string? ShellCommand { get; set; }

    /// <summary>Name of one of Pantry's commands, or of one added with Register-PantryCommand.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Name")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(CommandNameCompleter))]
    public string? Name { get; set; }

    /// <summary>Named arguments of the command.</summary>
    [Parameter(ParameterSetName = "Name")]
    public IDictionary? Argument { get; set; }

    /// <summary>Positional arguments of the script, of the command, or of the program that -ShellCommand names.</summary>
    [Parameter]
    [Alias("Args")]
    [AllowNull]
    [AllowEmptyCollection]
    public object?[]? ArgumentList { get; set; }

    /// <summary>Secrets by name, which this step alone gets.</summary>
    [Parameter]
    [ValidateNotNull]
    public IDictionary? Secret { get; set; }

    /// <summary>Directory in which a shell command runs.</summary>
    [Parameter(ParameterSetName = "ShellCommand")]
    [ValidateNotNullOrEmpty]
    public string? WorkingDirectory { get; set; }

    /// <summary>Levels of properties that arguments and output of a script keep; by default 1.</summary>
    [Parameter(ParameterSetName = "ScriptBlock")]
    [Parameter(ParameterSetName = "Name")]
    [ValidateRange(1, ScriptOrder.MaxDepth)]
    public int Depth { get; set; } = 1;

    /// <summary>What the step is called in its result.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? StepName { get; set; }

    /// <summary>How long the step may run; plain numbers are seconds.</summary>
    [Parameter]
    [Seconds]
    public TimeSpan Timeout { get; set; }

    /// <summary>A user of the client's machine to run as; the client must allow it.</summary>
    [Parameter(ParameterSetName = "ShellCommand")]
    [Parameter(ParameterSetName = "ScriptBlock")]
    [ValidateNotNullOrEmpty]
    public string? RunAs { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing() => WriteObject(new PantryStep(
        new CommandOrder
        {
            ScriptBlock = ScriptBlock,
            Using = ScriptBlock is null ? [] : UsingValues.Collect(ScriptBlock, SessionState),
            ShellCommand = ShellCommand,
            Name = Name,
            Argument = Argument,
            ArgumentList = ArgumentList,
            Secret = Secret,
            WorkingDirectory = WorkingDirectory,
            Depth = Depth,
        },
        StepName, Timeout, RunAs));
}
