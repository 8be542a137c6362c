using Pantry.Storage;

namespace Pantry.Provisioning.Provisioners;

/// <summary>
/// One run at a time on a client. The lock is the system's and ends with the process; a note beside it names the job, and what a process that
/// was killed has left: its tool may run on, and then the lock is still taken.
/// </summary>
internal sealed class ProvisionLock : IDisposable
{
    private const string Name = "provision";

    private readonly DirectoryLock _taken;
    private readonly string _directory;
    private ProvisionNote _note;

    private ProvisionLock(DirectoryLock taken, string directory, ProvisionNote note)
    {
        _taken = taken;
        _directory = directory;
        _note = note;
    }

    /// <summary>Takes the lock for a job.</summary>
    /// <param name="directory">The directory of this client's runs.</param>
    /// <param name="jobId">Who takes it.</param>
    /// <param name="now">The clock.</param>
    /// <param name="refusal">Why it is not to be had: the job that runs.</param>
    /// <exception cref="PantryException">The directory cannot be used.</exception>
    public static ProvisionLock? TryTake(string directory, string jobId, DateTimeOffset now, out string? refusal)
    {
        OwnerOnly.EnsureDirectory(directory);
        refusal = null;
        DirectoryLock? taken = null;
        try
        {
            taken = DirectoryLock.Take(directory, Name);
            ProvisionNote? left = ProvisionNote.Read(directory);
            if (left?.RunningTool() is { } process)
            {
                refusal = $"Job {left.Job}, begun {left.StartedAt:u}, was cut off when the client ended, and its tool still runs as process {process}. "
                    + "Wait until it has ended, or end that process.";
                taken.Dispose();
                return null;
            }

            left?.RemoveFiles(directory);
            var note = new ProvisionNote(jobId, now);
            var held = new ProvisionLock(taken, directory, note);
            held.Save();
            return held;
        }
        catch (PantryException inUse) when (inUse.Code == PantryErrorCode.RootInUse)
        {
            ProvisionNote? holder = ProvisionNote.Read(directory);
            refusal = holder is null
                ? "Another provisioning run is under way on this client. Wait for it, or cancel it."
                : $"Job {holder.Job} has been provisioning this client since {holder.StartedAt:u}. Wait for it, or cancel it with Stop-PantryJob {holder.Job}.";
            return null;
        }
        catch
        {
            taken?.Dispose();
            throw;
        }
    }

    /// <summary>Remembers what is to be removed should this process be killed.</summary>
    public void NoteFiles(string work, string secrets)
    {
        _note = _note with { Work = work, Secrets = secrets };
        Save();
    }

    /// <summary>A tool is about to be started: until it is known, whatever runs for the job counts as the tool.</summary>
    public void NoteStart()
    {
        _note = _note with { Tool = 0, ToolStartedAt = default };
        Save();
    }

    /// <summary>Remembers the tool's process, as far as that goes: it runs by now, and to leave it alone because of a note would be worse.</summary>
    public void NoteTool((int Id, DateTimeOffset StartedAt) tool)
    {
        _note = _note with { Tool = tool.Id, ToolStartedAt = tool.StartedAt };
        try
        {
            Save();
        }
        catch (PantryException)
        {
            // The note says still that one is being started.
        }
    }

    public void Dispose()
    {
        ProvisionNote.Remove(_directory);
        _taken.Dispose();
    }

    private void Save() => _note.Save(_directory);
}
