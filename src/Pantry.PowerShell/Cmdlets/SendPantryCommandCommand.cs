using System.Collections;
using System.Management.Automation;
using Pantry.Commands;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.PowerShell.Jobs;
using Pantry.PowerShell.Results;
using Pantry.PowerShell.Scripts;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>
/// Has clients do something, and writes a result for each target as it comes. All targets, piped ones too, are one order.
/// A result that did not succeed is also an error.
/// </summary>
[Cmdlet(VerbsCommunications.Send, "PantryCommand", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium, DefaultParameterSetName = "ScriptBlock")]
[OutputType(typeof(CommandResult))]
[OutputType(typeof(PantryJob))]
public sealed class SendPantryCommandCommand : OrderCmdlet
{
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

    /// <summary>Named arguments of the command.</summary>
    [Parameter(ParameterSetName = "Name")]
    public IDictionary? Argument { get; set; }

    /// <summary>Positional arguments of the script, of the command, or of the program that -ShellCommand names.</summary>
    [Parameter]
    [Alias("Args")]
    [AllowNull]
    [AllowEmptyCollection]
    public object?[]? ArgumentList { get; set; }

    /// <summary>
    /// Secrets by name, as SecureString, PSCredential or Pantry.Secret; only the targets can open them. A shell command has them as variables
    /// of its environment (a credential as NAME_USERNAME and NAME_PASSWORD), a script and a registered command as variables of their scope.
    /// </summary>
    [Parameter]
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

    /// <summary>Levels of properties that arguments and output of a script keep.</summary>
    [Parameter(ParameterSetName = "ScriptBlock")]
    [Parameter(ParameterSetName = "Name")]
    [ValidateRange(1, ScriptOrder.MaxDepth)]
    public int Depth { get; set; } = 1;

    /// <summary>Goes on in the background, as a job with a child for each client.</summary>
    [Parameter]
    public SwitchParameter AsJob { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        IFleet fleet = Checked(Fleet);
        var secrets = new OrderSecrets();
        JobRequest request = Checked(() => Request(secrets));
        string what = Described(request.Command);
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

            await (AsJob ? PostAsJobAsync(output, job, request, what) : new RowPrinter(output, what).RunAsync(job, request.Command, cancellation)).ConfigureAwait(false);
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
            Plan = Plan(),
            Secrets = secrets.Values,
            RunAs = Credential?.UserName ?? RunAs,
        };
    }

    private (string Command, BodyFormat Format, byte[] Arguments) Order(OrderSecrets secrets)
    {
        if (ScriptBlock is not null)
        {
            secrets.AddVariables(Secret, SessionState);
            var order = new ScriptOrder
            {
                Script = ScriptBlock.ToString(),
                Arguments = ArgumentList ?? [],
                Using = UsingValues.Collect(ScriptBlock, SessionState),
                Depth = Depth,
            };
            return (ScriptCommand.CommandName, BodyFormat.Clixml, secrets.TakeOut(order).ToBytes());
        }

        if (ShellCommand is not null)
        {
            secrets.AddEnvironment(Secret);
            return (Commands.ShellCommand.CommandName, BodyFormat.Json, OrderArguments.ForShell(ShellCommand, ArgumentList, WorkingDirectory));
        }

        string name = Names.RequireIdentity(Name, "command name");
        if (Names.Same(name, ScriptCommand.CommandName))
            throw Invalid("A script is sent with -ScriptBlock.", name);
        if (!CommandTable.BuiltIn.Contains(name, Names.Comparer))
        {
            secrets.AddVariables(Secret, SessionState);
            return (name, BodyFormat.Clixml, secrets.TakeOut(new ScriptOrder
            {
                Arguments = ArgumentList ?? [],
                Parameters = Argument is null ? null : new Hashtable(Argument, StringComparer.OrdinalIgnoreCase),
                Depth = Depth,
            }).ToBytes());
        }

        if (Names.Same(name, Commands.ShellCommand.CommandName))
            secrets.AddEnvironment(Secret);
        else if (Secret is { Count: > 0 })
            throw Invalid($"The command {name} uses no secrets, so none was sent.", name);
        return (name, BodyFormat.Json, OrderArguments.ForBuiltIn(name, Argument, ArgumentList));
    }

    private string Described(string command) => What(command)
        + ((Credential?.UserName ?? RunAs) is { } user ? $" as {DisplayText.Clean(user, 80)}" : "")
        + (Secret is { Count: > 0 } ? $" with the secrets {string.Join(", ", Secret.Keys.Cast<object>().Order())}" : "");

    private string What(string command) => ShellCommand is not null ? $"Run '{DisplayText.FirstLine(ShellCommand, 80)}'"
        : ScriptBlock is not null ? $"Run the script {{{DisplayText.FirstLine(ScriptBlock.ToString().Trim(), 80)}}}"
        : $"Run the command {command}";
}
