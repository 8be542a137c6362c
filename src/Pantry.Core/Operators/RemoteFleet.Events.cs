using System.Runtime.CompilerServices;
using Pantry.Protocol;

namespace Pantry.Operators;

/// <summary>What happens at a server elsewhere.</summary>
internal sealed partial class RemoteFleet
{
    public async IAsyncEnumerable<PantryEvent> WatchEventsAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        string watch = Guid.NewGuid().ToString("n");
        bool begun = false;
        long? lostAt = null;
        try
        {
            while (true)
            {
                EventsHappened page;
                try
                {
                    page = await _requests.WatchAsync(watch, cancellation).ConfigureAwait(false);
                    lostAt = null;
                }
                catch (PantryException lost) when (lost.Code is PantryErrorCode.ConnectionLost or PantryErrorCode.TimedOut)
                {
                    // The link comes back by itself; a new session begins to watch anew.
                    lostAt ??= _time.GetTimestamp();
                    if (_time.GetElapsedTime(lostAt.Value) > _options.ReattachTimeout)
                        throw;
                    await Task.Delay(_options.HeartbeatInterval / 5, _time, cancellation).ConfigureAwait(false);
                    continue;
                }

                if (page.Began && begun)
                    yield return new PantryEvent { At = _time.GetUtcNow(), Kind = PantryEventKind.Reconnected, Detail = $"The link to {Server} was lost and is there again; events between are missing." };
                begun = true;
                foreach (PantryEvent happened in page.Events)
                    yield return happened;
            }
        }
        finally
        {
            if (begun)
                _ = StopWatchingAsync(watch);
        }
    }

    // Nobody waits for it: the watch ends with the session at the latest.
    private async Task StopWatchingAsync(string watch) => await ((Task)_requests.AskAsync<EventsHappened>(
        MessageKind.StopWatching, new StopWatching(watch), default)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
