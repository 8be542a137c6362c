using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pantry.Commands;
using Pantry.Security;
using Pantry.Storage;

namespace Pantry.Provisioning.Provisioners;

/// <summary>What is written down beside the lock while a run goes on, for whoever comes after a client that was killed.</summary>
/// <param name="Job">The job that runs.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="Work">Its work files.</param>
/// <param name="Secrets">Its secrets' files.</param>
/// <param name="Tool">Its tool's process; 0 while none is known.</param>
/// <param name="ToolStartedAt">When that process began.</param>
internal sealed record ProvisionNote(string Job, DateTimeOffset StartedAt, string? Work = null, string? Secrets = null, int Tool = 0, DateTimeOffset ToolStartedAt = default)
{
    private const int MaxBytes = 16 * 1024;

    public static string PathIn(string directory) => Path.Combine(directory, "provision.json");

    /// <summary>The note; null where there is none that can be read.</summary>
    public static ProvisionNote? Read(string directory)
    {
        try
        {
            return JsonSerializer.Deserialize(PrivateFile.Read(PathIn(directory), MaxBytes), ProvisionNoteJson.Default.ProvisionNote);
        }
        catch (Exception exception) when (exception is PantryException or IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Takes the note away, as far as that goes: what is left of it names a run of which nothing is left to be found.</summary>
    public static void Remove(string directory)
    {
        try
        {
            File.Delete(PathIn(directory));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The next run writes it anew.
        }
    }

    /// <exception cref="PantryException">It cannot be written.</exception>
    public void Save(string directory)
    {
        try
        {
            PrivateFile.Replace(PathIn(directory), JsonSerializer.SerializeToUtf8Bytes(this, ProvisionNoteJson.Default.ProvisionNote));
        }
        catch (Exception exception) when (StorageErrors.IsOfDisk(exception))
        {
            throw StorageErrors.OfFile(PathIn(directory), exception);
        }
    }

    /// <summary>The process of the tool itself where it still runs; a service that it has started is to go on.</summary>
    public int? RunningTool()
    {
        // The mark in its environment tells it from another process that has its number by now.
        if (OperatingSystem.IsLinux())
            return ProcessTree.Marked($"{Job}-").Cast<int?>().FirstOrDefault(id => Tool == 0 || id == Tool);
        try
        {
            using var process = Process.GetProcessById(Tool);
            return (process.StartTime.ToUniversalTime() - ToolStartedAt).Duration() < TimeSpan.FromSeconds(1) ? Tool : null;
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    /// <summary>Removes the run's files; what is no such file by its place or name is left alone, whatever the note says.</summary>
    /// <param name="directory">The directory of this client's runs.</param>
    public void RemoveFiles(string directory)
    {
        if (Secrets is { } secrets)
            SecretFolder.Remove(secrets);
        if (Work is { } work && Path.GetFullPath(work).StartsWith(Path.GetFullPath(directory) + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            WorkFiles.Remove(work);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, MaxDepth = 4)]
[JsonSerializable(typeof(ProvisionNote))]
internal sealed partial class ProvisionNoteJson : JsonSerializerContext;
