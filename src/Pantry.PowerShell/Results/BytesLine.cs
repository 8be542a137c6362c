using System.Diagnostics;
using System.Management.Automation;

namespace Pantry.PowerShell.Results;

/// <summary>How many bytes something has come to, shown a few times a second at most once it takes longer than a moment.</summary>
internal sealed class BytesLine(CmdletOutput output, string activity) : IProgress<long>, IAsyncDisposable
{
    private const int ActivityId = 0x50414f;

    private static readonly TimeSpan Quick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private readonly long _begun = Stopwatch.GetTimestamp();
    private long _shownAt;

    /// <summary>What is done now.</summary>
    public string Step { get; set; } = "";

    public void Report(long value)
    {
        long now = Stopwatch.GetTimestamp(), shown = Interlocked.Read(ref _shownAt);
        if (Stopwatch.GetElapsedTime(_begun, now) < Quick || (shown != 0 && Stopwatch.GetElapsedTime(shown, now) < Interval)
            || Interlocked.CompareExchange(ref _shownAt, now, shown) != shown)
        {
            return;
        }

        // Not waited for: what is done must not stand still for what is shown.
        _ = output.ProgressAsync(new ProgressRecord(ActivityId, activity, $"{Step}: {value / 1048576.0:N1} MiB")).AsTask();
    }

    public async ValueTask DisposeAsync()
    {
        if (_shownAt != 0)
            await output.ProgressAsync(new ProgressRecord(ActivityId, activity, "Done") { RecordType = ProgressRecordType.Completed }).ConfigureAwait(false);
    }
}
