using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Pantry.Server;

/// <summary>
/// Where those who are not let in yet are dealt with, one after the other, apart from everybody else: letting a key in
/// writes to the disk. Full, it takes no more, and its caller says so to the peer.
/// </summary>
internal sealed class AdmissionLine : IAsyncDisposable
{
    private const int Waiting = 4096;

    private readonly Channel<Action> _line = Channel.CreateBounded<Action>(new BoundedChannelOptions(Waiting) { SingleReader = true });
    private readonly ServerCounters _counters;
    private readonly ILogger _log;
    private readonly Task _working;

    public AdmissionLine(ServerCounters counters, ILogger log)
    {
        _counters = counters;
        _log = log;
        _working = Task.Run(WorkAsync);
    }

    public bool TryPost(Action work) => _line.Writer.TryWrite(work);

    public async ValueTask DisposeAsync()
    {
        _line.Writer.TryComplete();
        await _working.ConfigureAwait(false);
    }

    private async Task WorkAsync()
    {
        await foreach (Action work in _line.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            try
            {
                work();
            }
            catch (Exception exception)
            {
                _counters.Dropped("HandlerFailed");
                _log.LogError(exception, "Somebody could not be let in.");
            }
        }
    }
}
