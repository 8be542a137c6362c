using System.Collections;
using System.Management.Automation;
using Pantry.Commands;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.PowerShell.Jobs;
using Pantry.PowerShell.Results;
using Pantry.PowerShell.Scripts;
using Pantry.Protocol;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>
/// Has clients do something, and writes a result for each target as it comes. All targets, piped ones too, are one order.
/// A result that did not succeed is also an error.
/// </summary>
[Cmdlet(VerbsCommunications.Send, "PantryCommand", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium, DefaultParameterSetName = "ScriptBlock")]
[OutputType(typeof(CommandResult))]
[OutputType(typeof(LiveOutput))]
[OutputType(typeof(PantryJob))]
public sealed class SendPantryCommandCommand : OrderCmdlet
{
    // Of a list of steps, what a confirmation has room for.
    private const int ShownSteps = 4;

    private object? _given;

    /// <summary>A script to run in a PowerShell of the client's; $using: brings values of this session.</summary>
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

    /// <summary>
    /// Steps that are run in order, up to the first that does not succeed: shell commands as text, script blocks, and what New-PantryStep makes. The result's
    /// Output has one for each.
    /// </summary>
    [Parameter(Mandatory = true, ParameterSetName = "Step")]
    [ValidateNotNullOrEmpty]
    public object[]? Step { get; set; }

    /// <summary>Named arguments of the command.</summary>
    [Parameter(ParameterSetName = "Name")]
    public IDictionary? Argument { get; set; }

    /// <summary>Positional arguments of the script, of the command, or of the program that -ShellCommand names.</summary>
    [Parameter(ParameterSetName = "ScriptBlock")]
    [Parameter(ParameterSetName = "ShellCommand")]
    [Parameter(ParameterSetName = "Name")]
    [Alias("Args")]
    [AllowNull]
    [AllowEmptyCollection]
    public object?[]? ArgumentList { get; set; }

    /// <summary>
    /// Secrets by name, as SecureString, PSCredential or Pantry.Secret; only the targets can open them. A shell command has them as variables
    /// of its environment (a credential as NAME_USERNAME and NAME_PASSWORD), a script and a registered command as variables of their scope.
    /// </summary>
    [Parameter(ParameterSetName = "ScriptBlock")]
    [Parameter(ParameterSetName = "ShellCommand")]
    [Parameter(ParameterSetName = "Name")]
    [ValidateNotNull]
    public IDictionary? Secret { get; set; }

    /// <summary>A user of the client's machine to run as; the client must allow it. On Windows use -Credential.</summary>
    [Parameter(ParameterSetName = "ShellCommand")]
    [Parameter(ParameterSetName = "ScriptBlock")]
    [ValidateNotNullOrEmpty]
    public string? RunAs { get; set; }

    /// <summary>A user to run as, with the password that Windows wants.</summary>
    [Parameter(ParameterSetName = "ShellCommand")]
    [Parameter(ParameterSetName = "ScriptBlock")]
    [ValidateNotNull]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>Directory in which a shell command runs.</summary>
    [Parameter(ParameterSetName = "ShellCommand")]
    [ValidateNotNullOrEmpty]
    public string? WorkingDirectory { get; set; }

    /// <summary>Levels of properties that arguments and output of a script keep; by default 1.</summary>
    [Parameter(ParameterSetName = "ScriptBlock")]
    [Parameter(ParameterSetName = "Name")]
    [ValidateRange(1, ScriptOrder.MaxDepth)]
    public int Depth { get; set; } = 1;

    /// <summary>
    /// Brings what clients write as they write it, as Pantry.LiveOutput, and each client's result behind it. The server keeps it: Receive-PantryJob -Live
    /// brings it again.
    /// </summary>
    [Parameter]
    public SwitchParameter Live { get; set; }

    /// <summary>Goes on in the background, as a job with a child for each client.</summary>
    [Parameter]
    public SwitchParameter AsJob { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        IFleet fleet = Checked(Fleet);
        _given = Step is null ? null : Checked(() => StepList.Read(Step, SessionState));
        var secrets = new OrderSecrets();
        JobRequest request = Checked(() => Request(secrets));
        string what = Described();
        if (!ShouldProcess(Whom(fleet, request.Target), what))
            return;
        Run(async (output, cancellation) =>
        {
            IJob job;
            try
            {
                job = await fleet.StartJobAsync(request, cancellation).ConfigureAwait(false);
            }
            finally
            {
                secrets.Wipe();
            }

            await (AsJob ? PostAsJobAsync(output, job, request, what, cancellation, Live) : new RowPrinter(output, what).RunAsync(job, request.Command, Live, cancellation)).ConfigureAwait(false);
        });
    }

    private JobRequest Request(OrderSecrets secrets)
    {
        if (RunAs is not null && Credential is not null)
            throw Invalid("Both -RunAs and -Credential were given. Use -Credential where a client runs Windows, else -RunAs.");
        (string command, BodyFormat format, byte[] arguments) = Order(secrets);
        if (Credential is not null)
            secrets.AddPassword(Credential);
        return new JobRequest
        {
            Target = Target(),
            Command = command,
            Format = format,
            Arguments = arguments,
            Timeout = Timeout,
            DeliveryTimeout = DeliveryTimeout,
            ValidFor = ValidFor,
            Plan = Plan() with { Live = Live },
            Secrets = secrets.Values,
            RunAs = Credential?.UserName ?? RunAs,
        };
    }

    private (string Command, BodyFormat Format, byte[] Arguments) Order(OrderSecrets secrets) => Steps is { } steps
        ? (StepsCommand.CommandName, BodyFormat.Json, StepList.Build(steps, secrets, SessionState).ToBytes())
        : Single.Build(secrets, SessionState);

    // Held as an object: PowerShell reflects over this type before the core is loaded.
    private IReadOnlyList<PantryStep>? Steps => (IReadOnlyList<PantryStep>?)_given;

    private CommandOrder Single => new()
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
    };

    private string Described() => What()
        + ((Credential?.UserName ?? RunAs) is { } user ? $" as {DisplayText.Clean(user, 80)}" : "")
        + (Secret is { Count: > 0 } ? $" with the secrets {string.Join(", ", Secret.Keys.Cast<object>().Order())}" : "");

    private string What() => Steps is { } steps
        ? $"Run {steps.Count} steps: {string.Join("; ", steps.Take(ShownSteps))}{(steps.Count > ShownSteps ? "; ..." : "")}"
        : $"Run {Single.Description}";
}
