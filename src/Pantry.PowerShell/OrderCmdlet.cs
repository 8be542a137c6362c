using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Jobs;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.PowerShell;

/// <summary>A cmdlet that gives an order: how long it may take, and how it is carried out among its targets.</summary>
public abstract class OrderCmdlet : TargetCmdlet
{
    /// <summary>How long the command may run on a client; plain numbers are seconds. By default 5 minutes, for files an hour.</summary>
    [Parameter]
    [Seconds]
    public TimeSpan Timeout { get; set; }

    /// <summary>How long a client may take to acknowledge the order; plain numbers are seconds. By default 15 seconds.</summary>
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

    /// <summary>
    /// So many clients, as a number or a percentage, must say that they are ready before any begins. One that is offline is not ready, and counts; one that has
    /// no plan to be provisioned by counts in no percentage.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Quorum { get; set; }

    /// <summary>The order waits for clients that are offline, for as long as it is valid.</summary>
    [Parameter]
    public SwitchParameter Queue { get; set; }

    /// <summary>How the order is carried out among its targets.</summary>
    private protected RolloutPlan Plan() => new()
    {
        BatchSize = ShareOf(BatchSize, nameof(BatchSize), 1),
        Canary = ShareOf(Canary, nameof(Canary), 1),
        MaxFailure = ShareOf(MaxFailure, nameof(MaxFailure), 0),
        Quorum = ShareOf(Quorum, nameof(Quorum), 1),
        Queue = Queue,
    };

    /// <summary>The target, for whoever asks what would happen or is asked whether it may.</summary>
    private protected string Whom(IFleet fleet, Target target) => Expands ? Expanded(fleet, target) : target.ToString();

    /// <summary>Follows the order in the background. Where the pipeline is stopped before there is a job that anybody could find, the order is cancelled.</summary>
    private protected async Task PostAsJobAsync(CmdletOutput output, IJob job, JobRequest request, string what, CancellationToken cancellation, bool live = false)
    {
        var there = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int decided = 0;
        try
        {
            await output.PostAsync(() =>
            {
                if (Interlocked.Exchange(ref decided, 1) != 0)
                    return;
                var background = new PantryJob(job, request.Command, what, live);
                JobRepository.Add(background);
                // Before it is written: who has had enough then, as Select-Object -First has, ends this at once.
                background.Start();
                there.SetResult();
                WriteObject(background);
            }).ConfigureAwait(false);
            await there.Task.WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            if (Interlocked.Exchange(ref decided, 1) == 0)
                _ = job.CancelAsync();
            throw;
        }
    }

    private static Share? ShareOf(string? text, string parameter, int least)
    {
        if (text is null)
            return null;
        return Share.TryParse(text) is { } share && share.Value >= least
            ? share
            : throw Invalid($"-{parameter} is '{DisplayText.Clean(text, 40)}'; it must be a number from {least} on, or a percentage from {least}% to 100%.", text);
    }

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
