using Pantry.Security;

namespace Pantry.Server.Jobs;

/// <summary>Which jobs clients are at work on: what a client may have for a job, it may have for that long.</summary>
internal sealed class JobsAtWork(JobDispatcher jobs)
{
    /// <summary>
    /// The order that a client is at work on; null where it is not. From the moment that the order was sent to it until its row is there; by the key that
    /// was its when the order was given. After a restart of the server one that was at work waits in line until it has registered anew.
    /// </summary>
    public JobOrder? Find(PublicKey key, string identity, string id, string command) =>
        jobs.Find(id) is { Ended: false } job && job.Order.Statement.Command == command && job.IsTarget(identity, key)
        && job.Progress.StateOf(identity) is { } state && (state is TargetState.Sent or TargetState.Accepted || (state == TargetState.Waiting && job.RestoredAt != 0)) ? job.Order : null;
}
