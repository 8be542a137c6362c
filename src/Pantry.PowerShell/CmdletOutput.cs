using System.Management.Automation;
using System.Threading.Channels;

namespace Pantry.PowerShell;

/// <summary>
/// What a cmdlet's asynchronous body may say to the pipeline. Bounded: a body that is faster than the pipeline waits.
/// Once the pipeline is gone, what is said is dropped.
/// </summary>
internal sealed class CmdletOutput(PantryCmdlet cmdlet, CancellationToken stopping)
{
    private const int Capacity = 256;

    private readonly Channel<Action> _actions = Channel.CreateBounded<Action>(new BoundedChannelOptions(Capacity) { SingleReader = true });

    public ValueTask WriteAsync(object? value) => PostAsync(() => cmdlet.WriteObject(value));

    public ValueTask ErrorAsync(ErrorRecord record) => PostAsync(() => cmdlet.WriteError(record));

    public ValueTask ErrorAsync(Exception exception, object? target = null) => ErrorAsync(ErrorMap.ToRecord(exception, target));

    public ValueTask WarningAsync(string text) => PostAsync(() => cmdlet.WriteWarning(text));

    public ValueTask VerboseAsync(string text) => PostAsync(() => cmdlet.WriteVerbose(text));

    public ValueTask ProgressAsync(ProgressRecord record) => PostAsync(() => cmdlet.WriteProgress(record));

    /// <summary>Runs an action on the pipeline's thread, some time later.</summary>
    public async ValueTask PostAsync(Action action)
    {
        if (_actions.Writer.TryWrite(action))
            return;
        try
        {
            await _actions.Writer.WriteAsync(action, stopping).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            // Nobody listens any more.
        }
    }

    /// <summary>On the pipeline's thread: does what is posted until the body has ended.</summary>
    public void Drain()
    {
        while (_actions.Reader.WaitToReadAsync(stopping).AsTask().GetAwaiter().GetResult())
        {
            while (_actions.Reader.TryRead(out Action? action))
                action();
        }
    }

    public void Close() => _actions.Writer.TryComplete();
}
