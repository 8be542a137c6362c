using Microsoft.Extensions.Logging;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server.Files;
using Pantry.Server.Provisioning;
using Pantry.Storage;

namespace Pantry.Server;

/// <summary>What the server writes down and forgets once in a while; nothing waits for it.</summary>
internal sealed class ServerUpkeep(
    TrustStore trust, ClientRegistry registry, EnrollmentDesk enrollments, JobStore jobs, ReportStore reports, FileVault files, FileGrants grants, PlanPins pins, PeerSessions sessions, PantryOptions options, TimeProvider time, ILogger log)
{
    private long _flushedAt = time.GetTimestamp();
    private long _forgottenAt = time.GetTimestamp();
    private Task _collecting = Task.CompletedTask;

    /// <summary>Does what is due. Its time is noted first: where the disk fails it is not tried again at once.</summary>
    public void Sweep()
    {
        if (time.GetElapsedTime(_flushedAt) >= options.SeenFlushInterval)
        {
            _flushedAt = time.GetTimestamp();
            NoteSeen();
            trust.FlushSeen();
        }

        if (time.GetElapsedTime(_forgottenAt) < options.ForgetInterval)
            return;
        _forgottenAt = time.GetTimestamp();
        // Who waits here is there, however long ago it came; and however long the disk takes until the others are forgotten.
        DateTimeOffset now = time.GetUtcNow();
        foreach (ServerSession waiting in sessions.All.Where(session => session.Role == Senders.Applicant))
            trust.NoteSeen(waiting.Key, now);
        enrollments.WithdrawForeign(ServerAudit.Server);
        enrollments.Forget(now);
        // Beside the sweep: manifests of many files, and reports of many clients, take their time.
        if (_collecting.IsCompleted)
            _collecting = Task.Run(Collect);
        if (jobs.Prune(now - jobs.Limits.JobKeep) is > 0 and int removed)
            log.LogInformation("{Count} jobs that ended long ago, or had the oldest output, were removed.", removed);
        pins.Prune();
    }

    /// <summary>Has the store know when the clients that are there were last heard.</summary>
    public void NoteSeen()
    {
        foreach ((PublicKey key, DateTimeOffset at) in registry.LastSeen())
            trust.NoteSeen(key, at);
    }

    private void Collect()
    {
        Guarded(CollectFiles, "Files that nothing wants any more");
        Guarded(PruneReports, "Provisioning reports that are too old or too many");
    }

    private void PruneReports()
    {
        if (reports.Prune(options.Provisioning, time.GetUtcNow()) is > 0 and int removed)
            log.LogInformation("{Count} provisioning reports that were too old or too many were removed.", removed);
    }

    private void CollectFiles()
    {
        if (files.Collect(grants.IsWanted) is { Count: > 0 } removed)
            log.LogInformation("{Count} pieces of files with {Bytes} bytes that nothing wants any more were removed.", removed.Count, removed.Bytes);
    }

    private void Guarded(Action work, string what)
    {
        try
        {
            work();
        }
        catch (Exception exception)
        {
            // The next time finds what this one left.
            log.LogError(exception, "{What} could not be removed.", what);
        }
    }
}
