using System.Globalization;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Storage;

namespace Pantry.Provisioning.Provisioners;

/// <summary>Where the logs of runs are kept: so many, and of so many bytes, that a new one takes the place of the oldest.</summary>
internal sealed class LogFolder(string directory, ProvisionLimits limits, TimeProvider time)
{
    /// <summary>A log for a package's turn.</summary>
    /// <exception cref="PantryException">It cannot be made.</exception>
    public RunLog Open(ProvisionPlan plan, PlannedPackage package, int place, SecretRedactor redactor)
    {
        OwnerOnly.EnsureDirectory(directory);
        RemoveOldest();
        string stamp = time.GetUtcNow().ToString("yyyyMMdd'T'HHmmss'.'fff'Z'", CultureInfo.InvariantCulture);
        string name = new([.. package.Name.Select(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' ? character : '_').Take(60)]);
        string path = Path.Combine(directory, $"{stamp}-{place:000}-{name}.log");
        try
        {
            return new RunLog(path, limits, redactor);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new PantryException(PantryErrorCode.StorageFailed, $"The log '{path}' of job {plan.JobId} cannot be made: {exception.Message}", exception) { Target = path };
        }
    }

    // Names sort by time.
    private void RemoveOldest()
    {
        FileInfo[] logs = [.. new DirectoryInfo(directory).GetFiles("*.log").OrderByDescending(file => file.Name, StringComparer.Ordinal)];
        long bytes = 0;
        for (int i = 0; i < logs.Length; i++)
        {
            bytes += logs[i].Length;
            if (i < limits.Logs - 1 && bytes <= limits.AllLogsBytes - limits.LogBytes)
                continue;
            try
            {
                logs[i].Delete();
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Somebody reads it; the next run tries again.
            }
        }
    }
}
