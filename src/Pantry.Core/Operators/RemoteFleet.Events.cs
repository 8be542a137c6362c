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
        var patience = new LinkPatience(_options, _time);
        try
        {
            while (true)
            {
                // A new session begins to watch anew.
                if (await patience.TryAsync(() => _requests.WatchAsync(watch, cancellation), cancellation).ConfigureAwait(false) is not { } page)
                    continue;
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
