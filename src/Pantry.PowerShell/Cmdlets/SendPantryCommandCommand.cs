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
[OutputType(typeof(LiveOutput))]
[OutputType(typeof(PantryJob))]
public sealed class SendPantryCommandCommand : TargetCmdlet
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

    /// <summary>Levels of properties that arguments and output of a script keep.</summary>
    [Parameter(ParameterSetName = "ScriptBlock")]
    [Parameter(ParameterSetName = "Name")]
    [ValidateRange(1, ScriptOrder.MaxDepth)]
    public int Depth { get; set; } = 1;

    /// <summary>How long the command may run on a client; plain numbers are seconds.</summary>
    [Parameter]
    [Seconds]
    public TimeSpan Timeout { get; set; }

    /// <summary>How long a client may take to acknowledge the order; plain numbers are seconds.</summary>
    [Parameter]
    [Seconds]
    public TimeSpan DeliveryTimeout { get; set; }

    /// <summary>
    /// How long after it was given the order may still be started; plain numbers are seconds. By default as long as delivery takes,
    /// and a day longer where clients wait for their turn or are offline.
    /// </summary>
    [Parameter]
    [Seconds]
    public TimeSpan ValidFor { get; set; }

    /// <summary>Clients that run the command at the same time, as a number or a percentage such as 10%; by default all.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? BatchSize { get; set; }

    /// <summary>Clients that go first, as a number or a percentage: only when all of them have succeeded do the others follow.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Canary { get; set; }

    /// <summary>Once more clients than this did not succeed, no further one is started. A percentage is one of the clients that are done.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? MaxFailure { get; set; }

    /// <summary>So many clients, as a number or a percentage, must say that they are ready before any begins.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Quorum { get; set; }

    /// <summary>The order waits for clients that are offline, for as long as it is valid.</summary>
    [Parameter]
    public SwitchParameter Queue { get; set; }

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
        string whom = Expands ? Expanded(fleet, request.Target) : request.Target.ToString();
        if (!ShouldProcess(whom, what))
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

            await (AsJob ? PostAsJobAsync(output, job, request, what) : new RowPrinter(output, what).RunAsync(job, request.Command, Live, cancellation)).ConfigureAwait(false);
        });
    }

    private async Task PostAsJobAsync(CmdletOutput output, IJob job, JobRequest request, string what) =>
        await output.PostAsync(() =>
        {
            var background = new PantryJob(job, request.Command, what, Live);
            JobRepository.Add(background);
            WriteObject(background);
            background.Start();
        }).ConfigureAwait(false);

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
            Plan = new RolloutPlan
            {
                BatchSize = ShareOf(BatchSize, nameof(BatchSize), 1),
                Canary = ShareOf(Canary, nameof(Canary), 1),
                MaxFailure = ShareOf(MaxFailure, nameof(MaxFailure), 0),
                Quorum = ShareOf(Quorum, nameof(Quorum), 1),
                Queue = Queue,
                Live = Live,
            },
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

    private static Share? ShareOf(string? text, string parameter, int least)
    {
        if (text is null)
            return null;
        return Share.TryParse(text) is { } share && share.Value >= least
            ? share
            : throw Invalid($"-{parameter} is '{DisplayText.Clean(text, 40)}'; it must be a number from {least} on, or a percentage from {least}% to 100%.", text);
    }

    private string Described() => What()
        + ((Credential?.UserName ?? RunAs) is { } user ? $" as {DisplayText.Clean(user, 80)}" : "")
        + (Secret is { Count: > 0 } ? $" with the secrets {string.Join(", ", Secret.Keys.Cast<object>().Order())}" : "");

    private string What() => Steps is { } steps
        ? $"Run {steps.Count} steps: {string.Join("; ", steps.Take(ShownSteps))}{(steps.Count > ShownSteps ? "; ..." : "")}"
        : $"Run {Single.Description}";

    // Whoever asks what would happen, or is asked whether it may, is told every name; it takes a look at the list.
    private bool Expands => MyInvocation.BoundParameters.ContainsKey("Confirm") || MyInvocation.BoundParameters.ContainsKey("WhatIf")
        || LanguagePrimitives.IsTrue(GetVariableValue("WhatIfPreference"));

    private string Expanded(IFleet fleet, Target target)
    {
        var identities = new SortedSet<string>(target.Identities, Names.Comparer);
        if (identities.Count == 0)
        {
            Run(async (_, cancellation) =>
            {
                await foreach (ClientInfo client in fleet.FindClientsAsync(new ClientFilter(), cancellation).ConfigureAwait(false))
                {
                    ClientLabels labels = ClientLabels.Create(client.Identity, client.Application, client.Environment, client.Roles);
                    if (TargetMatcher.Matches(target, labels))
                        identities.Add(client.Identity);
                }
            });
        }

        return $"{target} ({identities.Count}: {string.Join(", ", identities)})";
    }
}
