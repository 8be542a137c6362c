using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Results;
using Pantry.Protocol;

namespace Pantry.PowerShell.Jobs;

/// <summary>An order in the background: a child job for each target. For Get-Job, Wait-Job, Receive-Job, Stop-Job and Remove-Job.</summary>
public sealed class PantryJob : Job
{
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(5);

    private readonly object _job;
    private readonly string _command;
    private readonly bool _live;
    private readonly CancellationTokenSource _abandoned = new();
    private readonly Dictionary<string, PantryChildJob> _children = new(StringComparer.OrdinalIgnoreCase);
    private Task _reading = Task.CompletedTask;
    private volatile bool _stopping;

    // The running order is held as an object: PowerShell reflects over this type before the core is loaded.
    internal PantryJob(object job, string command, string what, bool live)
        : base(what)
    {
        _job = job;
        _command = command;
        _live = live;
        PSJobTypeName = nameof(PantryJob);
        foreach (string identity in Order.Targets)
            ChildJobs.Add(_children[identity] = new PantryChildJob(what, identity, this));
    }

    /// <summary>Id of the order, as results have it.</summary>
    public string JobId => Order.Id;

    /// <summary>Why the job failed as a whole; empty where it did not.</summary>
    public override string StatusMessage => JobStateInfo.Reason?.Message ?? "";

    /// <summary>Whether a child has something that was not received.</summary>
    public override bool HasMoreData => ChildJobs.Any(child => child.HasMoreData);

    /// <summary>The targets.</summary>
    public override string Location => string.Join(',', _children.Keys);

    private IJob Order => (IJob)_job;

    /// <summary>Cancels what runs, and waits a moment for the clients to confirm it.</summary>
    public override void StopJob()
    {
        _stopping = true;
        Task.Run(Order.CancelAsync).Wait(StopPatience);
        if (!_reading.Wait(StopPatience))
            _abandoned.Cancel();
        _reading.Wait(StopPatience);
    }

    internal void Start()
    {
        SetJobState(JobState.Running);
        foreach (PantryChildJob child in _children.Values)
            child.Start();
        _reading = Task.Run(ReadAsync);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _abandoned.Cancel();
        base.Dispose(disposing);
    }

    private async Task ReadAsync()
    {
        string why = "The job was stopped before the client answered.";
        try
        {
            await (_live ? ReadLiveAsync() : ReadRowsAsync()).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Stopped, or removed.
        }
        catch (Exception exception)
        {
            why = exception.Message;
        }

        foreach (PantryChildJob child in _children.Values)
            child.EndWithout(why, Order.Id, _stopping);
        SetJobState(_stopping ? JobState.Stopped
            : _children.Values.All(child => child.JobStateInfo.State == JobState.Completed) ? JobState.Completed
            : JobState.Failed);
    }

    private async Task ReadRowsAsync()
    {
        await foreach (ResultRow row in Order.ReadRowsAsync(_abandoned.Token).ConfigureAwait(false))
            End(row);
    }

    private Task ReadLiveAsync()
    {
        var reader = new LiveReader(Order.Id, Order.Targets);
        var merge = new LiveMerge(
            Order.Targets,
            piece => Done(() => Show(reader.Read(piece))),
            row => Done(() => End(row)),
            why => Done(() => _children.Values.FirstOrDefault(child => child.JobStateInfo.State == JobState.Running)?.Warn(why)));
        return merge.RunAsync(Order.ReadOutputAsync(reader.From, _abandoned.Token), Order.ReadRowsAsync(_abandoned.Token), _abandoned.Token);
    }

    private void Show(IEnumerable<LiveOutput> items)
    {
        foreach (LiveOutput item in items)
            _children.GetValueOrDefault(item.Client)?.Show(item);
    }

    private void End(ResultRow row) => _children.GetValueOrDefault(row.Client)?.End(ResultReader.Read(Order.Id, _command, row));

    private static Task Done(Action action)
    {
        action();
        return Task.CompletedTask;
    }
}
