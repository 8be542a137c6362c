using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Pantry.Configuration;
using Pantry.Provisioning.Reports;
using Pantry.Provisioning.Resolution;
using Pantry.Server.Jobs;
using Pantry.Storage;

namespace Pantry.Server.Provisioning;

/// <summary>
/// Takes the reports out of rows that are on the disk, and writes them where they are kept for long. What is due is written with its row, and struck off after the
/// reports stand: a process that is killed in between takes them once more, and finds them there.
/// </summary>
internal sealed class ReportTaker : IAsyncDisposable
{
    private readonly JobStore _jobs;
    private readonly ReportStore _reports;
    private readonly PinStore _pins;
    private readonly PantryOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly LateQueue _late;
    private readonly Lock _taking = new();
    private readonly Channel<bool> _due = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _work;

    public ReportTaker(JobStore jobs, ReportStore reports, PinStore pins, PantryOptions options, TimeProvider time, ILogger log)
    {
        _jobs = jobs;
        _reports = reports;
        _pins = pins;
        _options = options;
        _time = time;
        _log = log;
        _late = new LateQueue(options.Provisioning.LateReports);
        // What the last run of the server did not come to.
        Due();
        _work = Task.Run(WorkAsync);
    }

    /// <summary>Called when a late result has changed the history that the audit log does not know of yet.</summary>
    public Action<LateReports>? Changed { private get; init; }

    /// <summary>A row with reports is on the disk.</summary>
    public void Due() => _due.Writer.TryWrite(true);

    /// <summary>
    /// Reports came of a run whose row had ended without them: they take the place of those that say that it was lost. Where there is no room they are
    /// left with the client, which sends them again.
    /// </summary>
    public void TakeLate(LateReports late)
    {
        if (_late.TryAdd(late))
            Due();
    }

    /// <summary>Takes all that is due by now; what comes meanwhile may be taken as well.</summary>
    /// <exception cref="PantryException">The disk failed; it will be tried again.</exception>
    public void TakeAll()
    {
        lock (_taking)
        {
            (int Rows, long Bytes) most = _options.Provisioning.ReportBatch;
            IReadOnlyList<DueReports> rows;
            do
            {
                rows = _jobs.ReportsDue(most);
                if (rows.Count == 0)
                    return;
                _reports.Add([.. rows.Select(Read)], _time.GetUtcNow());
                _jobs.ReportsTaken(rows);
            }
            // Whoever asks does not wait for those that come faster than they are taken.
            while (rows.Count >= most.Rows || rows.Sum(row => (long)row.Output.Length) >= most.Bytes);
        }
    }

    /// <summary>What is still due is taken when the server is started again.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private async Task WorkAsync()
    {
        bool failed = false;
        await foreach (bool _ in _due.Reader.ReadAllAsync(_stopping.Token).ConfigureAwait(false))
        {
            try
            {
                TakeDueAndLate();
                failed = false;
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                if (!failed)
                    _log.LogError(exception, "Provisioning reports could not be written; they are kept with their rows, or their clients, and tried again.");
                failed = true;
                await Task.Delay(_options.Provisioning.ReportRetry, _time, _stopping.Token).ConfigureAwait(false);
                Due();
            }
        }
    }

    // The rows of those that wait by now are on the disk: that the runs were lost is in the history before it is replaced.
    private void TakeDueAndLate()
    {
        List<(LateReports Late, ReceivedReports Reports)> matter = [];
        foreach (LateReports late in _late.Waiting)
        {
            if (Read(late) is { } reports)
                matter.Add((late, reports));
            else
                Confirm(late);
        }

        TakeAll();
        if (matter.Count == 0)
            return;
        IReadOnlySet<ReceivedReports> replaced = _reports.Replace([.. matter.Select(one => one.Reports)], _time.GetUtcNow());
        foreach ((LateReports late, ReceivedReports reports) in matter)
        {
            if (!late.IsNoted && replaced.Contains(reports))
                Changed?.Invoke(late);
            Confirm(late);
        }
    }

    private void Confirm(LateReports late)
    {
        _late.Remove(late);
        late.Stored();
    }

    // What it said itself, a client does not change; and results that are no reports are nothing to wait for.
    private ReceivedReports? Read(LateReports late) =>
        _jobs.EndedWithout(late.Client, late.Job) && ReportIntake.Read(late.Output, _options.Provision, _options.Provisioning.ReportBytes) is { Count: > 0 } reports
            ? new ReceivedReports(late.Client, late.Key, late.Job, reports)
            : null;

    private ReceivedReports Read(DueReports row)
    {
        if (ReportIntake.Read(row.Output, _options.Provision, _options.Provisioning.ReportBytes) is not { } reports)
        {
            if (row.Output.Length > 0)
                _log.LogWarning("What client {Client} returned for job {Job} holds no provisioning reports.", row.Client, row.Job);
            return new ReceivedReports(row.Client, row.Key, row.Job, Lost(row), MayHaveApplied: !row.DryRun);
        }

        // By a plan that it was not given, a client could have drift found where there is none, and hide some.
        if (_pins.DigestOf(row.Job, row.Client) is { } pinned)
            reports = [.. reports.Select(report => report.Plan == pinned ? report : report with { Plan = null })];
        return new ReceivedReports(row.Client, row.Key, row.Job, reports);
    }

    // The plan is there for as long as the job is, and some time longer; without it nobody can say what was to be applied.
    private IReadOnlyList<ProvisionReport> Lost(DueReports row)
    {
        if (_pins.Find(row.Job, row.Client) is not { } pinned)
            return [];
        try
        {
            return LostRun.Reports(WrittenPlan.Read(pinned.Document), row.Result, row.DryRun, _options.Provision);
        }
        catch (PantryException unread)
        {
            _log.LogWarning("The plan that client {Client} had for job {Job} cannot be read: {Reason}", row.Client, row.Job, unread.Message);
            return [];
        }
    }
}
