using System.Management.Automation;

namespace Pantry.PowerShell.Results;

/// <summary>How many bytes have been read and sent so far; written by one task, shown by another.</summary>
internal sealed class ByteCount
{
    private long _read, _done, _of;

    public IProgress<long> Reading => new Told<long>(read => Volatile.Write(ref _read, read));

    public IProgress<(long Sent, long Of)> Sending => new Told<(long Sent, long Of)>(told =>
    {
        Volatile.Write(ref _done, told.Sent);
        Volatile.Write(ref _of, told.Of);
    });

    public override string ToString() => Volatile.Read(ref _of) is > 0 and long of ? $"{Volatile.Read(ref _done):N0} of {of:N0} bytes" : $"{Volatile.Read(ref _read):N0} bytes read";

    public int Percent => Volatile.Read(ref _of) is > 0 and long of ? (int)Math.Min(100, Volatile.Read(ref _done) * 100 / of) : -1;

    // Not Progress<T>, which would post each word to a pool.
    private sealed class Told<T>(Action<T> told) : IProgress<T>
    {
        public void Report(T value) => told(value);
    }
}

/// <summary>Shows a count of bytes while something takes longer than a moment.</summary>
internal sealed class ByteProgress : IAsyncDisposable
{
    private const int ActivityId = 0x50414f;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private readonly CmdletOutput _output;
    private readonly string _activity;
    private readonly ByteCount _count;
    private readonly CancellationTokenSource _ended;
    private readonly Task _showing;

    public ByteProgress(CmdletOutput output, string activity, ByteCount count, CancellationToken cancellation)
    {
        _output = output;
        _activity = activity;
        _count = count;
        _ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _showing = ShowAsync(_ended.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync().ConfigureAwait(false);
        await _showing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ended.Dispose();
    }

    private async Task ShowAsync(CancellationToken cancellation)
    {
        bool shown = false;
        try
        {
            using var tick = new PeriodicTimer(Interval);
            while (await tick.WaitForNextTickAsync(cancellation).ConfigureAwait(false))
            {
                shown = true;
                await _output.ProgressAsync(Record()).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (shown)
        {
            ProgressRecord last = Record();
            last.RecordType = ProgressRecordType.Completed;
            await _output.ProgressAsync(last).ConfigureAwait(false);
        }
    }

    private ProgressRecord Record() => new(ActivityId, _activity, _count.ToString()) { PercentComplete = _count.Percent };
}
