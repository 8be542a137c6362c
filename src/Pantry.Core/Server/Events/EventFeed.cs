using System.Collections.Concurrent;
using Pantry.Configuration;
using Pantry.Security;
using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.Server.Events;

/// <summary>
/// Tells those who watch what happens: clients that come and go, and what the audit log has. It keeps nothing for those who
/// are not there.
/// </summary>
/// <param name="ownerOf">The signing key of whoever gave an order, by the job's id.</param>
/// <param name="options">How much may wait for a watcher.</param>
/// <param name="time">Clock.</param>
internal sealed class EventFeed(Func<string, byte[]?> ownerOf, PantryOptions options, TimeProvider time)
{
    private const int MostDetail = 500;

    private readonly ConcurrentDictionary<EventWatch, byte> _watches = new();

    /// <summary>How many watch.</summary>
    public int Watches => _watches.Count;

    /// <summary>Watches from now on, until it is disposed.</summary>
    /// <param name="by">Who watches, as that operator is now; null once they may not any more.</param>
    public EventWatch Watch(Func<OperatorEntry?> by)
    {
        var watch = new EventWatch(by, options.WaitingEvents, time, gone => _watches.TryRemove(gone, out _));
        _watches[watch] = 0;
        return watch;
    }

    /// <summary>A client has come or gone.</summary>
    public void Client(PantryEventKind kind, ClientLabels client, string detail) => Publish(
        new PantryEvent { At = time.GetUtcNow(), Kind = kind, Client = client.Identity, Detail = DisplayText.Clean(detail, MostDetail) },
        by => by.Scopes.Any(scope => scope.CoversClient(client)));

    /// <summary>Something was written into the audit log. What is no job's is for administrators, as the log itself is.</summary>
    public void Audited(DateTimeOffset at, AuditEvent entry)
    {
        if (_watches.IsEmpty)
            return;
        PantryEventKind kind = (entry.Action, entry.Outcome) switch
        {
            ("Order", "Accepted") => PantryEventKind.JobStarted,
            ("OrderEnded", _) => PantryEventKind.JobEnded,
            ("JobCancel", "Done") => PantryEventKind.JobCancelled,
            ("JobSuspend", "Done") => PantryEventKind.JobSuspended,
            ("JobResume", "Done") => PantryEventKind.JobResumed,
            _ => PantryEventKind.Security,
        };
        string target = entry.Target is null ? "" : $" {entry.Target}", from = entry.From is null ? "" : $" from {entry.From}";
        var happened = new PantryEvent
        {
            At = at,
            Kind = kind,
            Client = kind == PantryEventKind.Security && IsAboutClient(entry.Action) ? entry.Target : null,
            JobId = entry.Job,
            Operator = entry.Actor,
            Detail = DisplayText.Clean(kind switch
            {
                PantryEventKind.Security => $"{entry.Action}{target}: {entry.Outcome}{from}",
                PantryEventKind.JobEnded => entry.Outcome,
                _ => entry.Target,
            }, MostDetail),
        };
        Publish(happened, by => kind != PantryEventKind.Security && IsOwn(by, entry));
    }

    /// <summary>The server stops: there is nothing more to watch.</summary>
    public void Close()
    {
        foreach (EventWatch watch in _watches.Keys)
            watch.Dispose();
    }

    private void Publish(PantryEvent happened, Func<OperatorEntry, bool> concerns)
    {
        foreach (EventWatch watch in _watches.Keys)
            watch.Offer(happened, concerns);
    }

    // An order stands in the log before its job can be found; then the key in the record is its operator's.
    private bool IsOwn(OperatorEntry by, AuditEvent entry) => entry.Job is { } job && ownerOf(job) is { } owner
        ? owner.AsSpan().SequenceEqual(by.SigningKey)
        : entry.Action is "Order" or "OrderEnded" && entry.Key == Fingerprint.Of(by.SigningKey);

    private static bool IsAboutClient(string action) =>
        action.StartsWith("Client", StringComparison.Ordinal) || action is "EnrollmentUsed" or "TokenUsed" or "LateResult" or "ClockSkew" or "OrderUnqueued";
}
