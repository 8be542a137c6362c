using System.Collections;
using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Jobs;
using Pantry.PowerShell.Results;
using Pantry.PowerShell.Scripts;
using Pantry.Protocol;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>
/// Brings clients to what their application's document says: each fetches the packages it lacks, applies them in order, and reports; a result is written for
/// each target as it comes, whose Output are the reports. What is applied is what was planned when the order was given, whatever changes meanwhile.
/// </summary>
[Cmdlet(VerbsLifecycle.Invoke, "PantryProvision", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(CommandResult))]
[OutputType(typeof(PantryPlan))]
[OutputType(typeof(PantryJob))]
public sealed class InvokePantryProvisionCommand : OrderCmdlet
{
    /// <summary>Asks the tools what they would do, in their own dry run; nothing is changed.</summary>
    [Parameter]
    public SwitchParameter DryRun { get; set; }

    /// <summary>
    /// Values of the secrets that the plans name, as SecureString, PSCredential or Pantry.Secret. Each client can open those that its own plan names and no others.
    /// A credential is a password under its name, and its user's name under NAME_USERNAME.
    /// </summary>
    [Parameter]
    [ValidateNotNull]
    public IDictionary? Secret { get; set; }

    /// <summary>Goes on in the background, as a job with a child for each client.</summary>
    [Parameter]
    public SwitchParameter AsJob { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        IFleet fleet = Checked(Fleet);
        Targeting.Target target = Checked(Target);
        RolloutPlan rollout = Checked(Plan);
        var made = new PlanSet(target);
        Run(async (_, cancellation) =>
        {
            await made.ReadAsync(fleet.Provisioning, cancellation).ConfigureAwait(false);
            made.RequireAny();
        });
        string what = $"{(DryRun ? "Ask what it would change to apply" : "Apply")} {made.Description}";
        if (!ShouldProcess(Whom(fleet, target), what))
        {
            // Nothing is sent; what each client would get is the answer to what would happen.
            if (MyInvocation.BoundParameters.ContainsKey("WhatIf") || LanguagePrimitives.IsTrue(GetVariableValue("WhatIfPreference")))
                WriteObject(made.Shown(), enumerateCollection: true);
            return;
        }

        var secrets = new OrderSecrets();
        JobRequest request = Checked(() => Request(made, secrets, rollout));
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

            await (AsJob ? PostAsJobAsync(output, job, request, what, cancellation) : new RowPrinter(output, what).RunAsync(job, request.Command, live: false, cancellation)).ConfigureAwait(false);
        });
    }

    private JobRequest Request(PlanSet made, OrderSecrets secrets, RolloutPlan rollout)
    {
        made.RequireSecrets(secrets.AddProvisioning(Secret));
        TimeSpan timeout = Timeout > TimeSpan.Zero ? Timeout : FilesText.UsualTimeout;
        return made.ToRequest(DryRun, secrets.Values) with
        {
            Timeout = timeout,
            DeliveryTimeout = DeliveryTimeout,
            // A client that was restarted while it fetched goes on with it.
            ValidFor = ValidFor > TimeSpan.Zero || Queue || BatchSize is not null || Canary is not null ? ValidFor : timeout,
            Plan = rollout,
        };
    }
}
