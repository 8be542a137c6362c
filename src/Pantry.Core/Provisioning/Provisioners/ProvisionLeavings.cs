using Microsoft.Extensions.Logging;

namespace Pantry.Provisioning.Provisioners;

/// <summary>
/// What a client that was killed in the middle of a run has left: files with secrets, and work files. They go when the client is started again; where the tool still
/// runs, which reads them, as soon as that has ended.
/// </summary>
internal static class ProvisionLeavings
{
    // How often it is looked whether the tool has ended: it is no child of this process, so nobody tells.
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Removes them. Nobody else runs in the directory: the client's own lock is held, and no order has come yet.</summary>
    /// <param name="directory">The directory of this client's runs.</param>
    /// <param name="log">Is told what was found.</param>
    /// <param name="time">The clock.</param>
    /// <param name="stopping">The client stops: what is still there is left for its next start.</param>
    /// <returns>Completes when nothing is left, or the client stops; it never fails.</returns>
    public static async Task RemoveAsync(string directory, ILogger log, TimeProvider time, CancellationToken stopping)
    {
        ProvisionNote? note = ProvisionNote.Read(directory);
        int? tool = note?.RunningTool();
        RemoveWork(directory, except: tool is null ? null : note!.Work);
        if (note is null)
            return;
        if (tool is null)
        {
            log.LogInformation("Job {Job} was cut off when the client ended. Its files are removed.", note.Job);
            note.RemoveFiles(directory);
            ProvisionNote.Remove(directory);
            return;
        }

        log.LogWarning("Job {Job} was cut off when the client ended, and its tool still runs as process {Process}. Its files, with secrets, are removed when it has ended.", note.Job, tool);
        while (note.RunningTool() is not null)
        {
            await Task.Delay(Interval, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stopping.IsCancellationRequested)
                return;
        }

        // By their names, which no other run has: what has begun meanwhile is not touched, nor its note.
        note.RemoveFiles(directory);
    }

    // Of all runs: a note says only the last one's, and a machine that lost its power may have lost the note.
    private static void RemoveWork(string directory, string? except)
    {
        try
        {
            string work = Path.Combine(directory, ProvisionRun.WorkFolder);
            if (!Directory.Exists(work))
                return;
            foreach (string left in Directory.GetDirectories(work).Where(left => except is null || Path.GetFullPath(left) != Path.GetFullPath(except)))
                WorkFiles.Remove(left);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The next start tries again.
        }
    }
}
