using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pantry.Commands;
using Pantry.Security;
using Pantry.Storage;

namespace Pantry.Provisioning.Provisioners;

/// <summary>
/// One run at a time on a client. The lock is the system's and ends with the process; a note beside it names the job, and what a process that
/// was killed has left: its tool may run on, and then the lock is still taken.
/// </summary>
internal sealed class ProvisionLock : IDisposable
{
    private const string Name = "provision";
    private const int MaxNoteBytes = 16 * 1024;

    private readonly DirectoryLock _taken;
    private readonly string _notePath;
    private ProvisionNote _note;

    private ProvisionLock(DirectoryLock taken, string notePath, ProvisionNote note)
    {
        _taken = taken;
        _notePath = notePath;
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
        string notePath = Path.Combine(OwnerOnly.EnsureDirectory(directory), $"{Name}.json");
        refusal = null;
        DirectoryLock? taken = null;
        try
        {
            taken = DirectoryLock.Take(directory, Name);
            ProvisionNote? left = ReadNote(notePath);
            if (left is not null && LeftBehind(left) is { } process)
            {
                refusal = $"Job {left.Job}, begun {left.StartedAt:u}, was cut off when the client ended, and its tool still runs as process {process}. "
                    + "Wait until it has ended, or end that process.";
                taken.Dispose();
                return null;
            }

            if (left is not null)
                CleanUp(left, directory);
            var note = new ProvisionNote(jobId, now);
            var held = new ProvisionLock(taken, notePath, note);
            held.Save();
            return held;
        }
        catch (PantryException inUse) when (inUse.Code == PantryErrorCode.RootInUse)
        {
            ProvisionNote? holder = ReadNote(notePath);
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

    /// <summary>Remembers the tool's process; none while the next is being started.</summary>
    public void NoteTool((int Id, DateTimeOffset StartedAt) tool)
    {
        _note = _note with { Tool = tool.Id, ToolStartedAt = tool.StartedAt };
        Save();
    }

    public void Dispose()
    {
        try
        {
            File.Delete(_notePath);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It names a run that has ended; nothing of it is left to be found.
        }

        _taken.Dispose();
    }

    private void Save() => PrivateFile.Replace(_notePath, JsonSerializer.SerializeToUtf8Bytes(_note, ProvisionNoteJson.Default.ProvisionNote));

    private static ProvisionNote? ReadNote(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(PrivateFile.Read(path, MaxNoteBytes), ProvisionNoteJson.Default.ProvisionNote);
        }
        catch (Exception exception) when (exception is PantryException or IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    // The tool itself: a service that it has started is to go on.
    private static int? LeftBehind(ProvisionNote note)
    {
        // The mark in its environment tells it from another process that has its number by now.
        if (OperatingSystem.IsLinux())
            return ProcessTree.Marked($"{note.Job}-").Cast<int?>().FirstOrDefault(id => note.Tool == 0 || id == note.Tool);
        try
        {
            using var process = Process.GetProcessById(note.Tool);
            return (process.StartTime.ToUniversalTime() - note.ToolStartedAt).Duration() < TimeSpan.FromSeconds(1) ? note.Tool : null;
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private static void CleanUp(ProvisionNote left, string directory)
    {
        if (left.Secrets is { } secrets)
            SecretFolder.Remove(secrets);
        if (left.Work is { } work && Path.GetFullPath(work).StartsWith(Path.GetFullPath(directory) + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            WorkFiles.Remove(work);
    }
}

/// <param name="Job">The job that runs.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="Work">Its work files.</param>
/// <param name="Secrets">Its secrets' files.</param>
/// <param name="Tool">Its tool's process; 0 while none is known.</param>
/// <param name="ToolStartedAt">When that process began.</param>
internal sealed record ProvisionNote(string Job, DateTimeOffset StartedAt, string? Work = null, string? Secrets = null, int Tool = 0, DateTimeOffset ToolStartedAt = default);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, MaxDepth = 4)]
[JsonSerializable(typeof(ProvisionNote))]
internal sealed partial class ProvisionNoteJson : JsonSerializerContext;
