using System.Management.Automation;

namespace Pantry.PowerShell.Jobs;

/// <summary>One target's part of a job.</summary>
internal sealed class PantryChildJob : Job
{
    private readonly string _identity;
    private readonly PantryJob _parent;
    private readonly Lock _lock = new();
    private bool _ended;
    private string _status = "";

    public PantryChildJob(string what, string identity, PantryJob parent)
        : base(what, identity)
    {
        _identity = identity;
        _parent = parent;
        PSJobTypeName = nameof(PantryJob);
    }

    public override string StatusMessage => _status;

    public override bool HasMoreData => Output.Count > 0 || Error.Count > 0 || Warning.Count > 0;

    public override string Location => _identity;

    /// <summary>An order is cancelled as a whole.</summary>
    public override void StopJob() => _parent.StopJob();

    public void Start() => SetJobState(JobState.Running);

    /// <summary>Something that was written while the command runs.</summary>
    public void Show(LiveOutput output)
    {
        if (!Volatile.Read(ref _ended))
            Output.Add(PSObject.AsPSObject(output));
    }

    public void Warn(string why) => Warning.Add(new WarningRecord(why));

    public void End(CommandResult result)
    {
        lock (_lock)
        {
            if (_ended)
                return;
            _ended = true;
        }

        Output.Add(PSObject.AsPSObject(result));
        if (result.Truncated)
            Warning.Add(new WarningRecord($"{result.Client}: the output was longer than the client keeps, and the rest was left out."));
        if (result.Status != CommandStatus.Succeeded)
        {
            _status = result.Error?.Message ?? result.Status.ToString();
            Error.Add(ErrorMap.ToRecord(result));
        }

        SetJobState(result.Status switch
        {
            CommandStatus.Succeeded => JobState.Completed,
            CommandStatus.Cancelled => JobState.Stopped,
            _ => JobState.Failed,
        });
    }

    /// <summary>No row will come: the target gets one here, so that there is one for each.</summary>
    public void EndWithout(string why, string jobId, bool stopped) => End(new CommandResult
    {
        Client = _identity,
        JobId = jobId,
        Status = stopped ? CommandStatus.Cancelled : CommandStatus.Lost,
        Error = new CommandError(stopped ? "Cancelled" : "NoRow", why),
    });
}
