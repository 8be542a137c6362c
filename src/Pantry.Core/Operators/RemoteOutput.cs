using System.Runtime.CompilerServices;
using Pantry.Configuration;
using Pantry.Protocol;

namespace Pantry.Operators;

/// <summary>
/// Live output of a job at a server elsewhere. The console knows which piece of each target comes next, and says so
/// whenever an answer may be lost: on another link, or after a restart of the server, it goes on there.
/// </summary>
internal static class RemoteOutput
{
    public static async IAsyncEnumerable<OutputPage> ReadAsync(
        string job, int targets, IReadOnlyList<int> from, FleetRequests requests, PantryOptions options, TimeProvider time, [EnumeratorCancellation] CancellationToken cancellation)
    {
        int[] next = [.. Enumerable.Range(0, targets).Select(from.ElementAtOrDefault)];
        var ended = new HashSet<int>();
        string watch = "";
        long? lostAt = null;
        try
        {
            for (bool last = false; !last;)
            {
                bool begins = watch.Length == 0;
                if (begins)
                    watch = Guid.NewGuid().ToString("n");
                OutputPage? page = null;
                try
                {
                    // Those at the end that begin at the first need not be named.
                    int named = Array.FindLastIndex(next, place => place != 0) + 1;
                    page = await requests.ReadOutputAsync(watch, job, begins ? next[..named] : null, cancellation).ConfigureAwait(false);
                    lostAt = null;
                }
                catch (PantryException lost) when (lost.Code is PantryErrorCode.ConnectionLost or PantryErrorCode.TimedOut)
                {
                    // The link comes back by itself.
                    lostAt ??= time.GetTimestamp();
                    if (time.GetElapsedTime(lostAt.Value) > options.ReattachTimeout)
                        throw;
                    await Task.Delay(options.HeartbeatInterval / 5, time, cancellation).ConfigureAwait(false);
                }

                if (page is null)
                {
                    // An answer may be on its way that nobody waits for: a watch of another name has nothing to do with it.
                    watch = "";
                    continue;
                }

                foreach (StoredPiece piece in page.Pieces)
                {
                    if (piece.Head.Target >= 0 && piece.Head.Target < targets)
                        next[piece.Head.Target] = piece.Head.Sequence + 1;
                }

                last = page.Last;
                yield return page with { Ended = [.. page.Ended.Where(ended.Add)] };
            }

            watch = "";
        }
        finally
        {
            if (watch.Length > 0)
                _ = StopAsync(requests, watch);
        }
    }

    // Nobody waits for it: the watch ends with the session at the latest.
    private static async Task StopAsync(FleetRequests requests, string watch) => await ((Task)requests.AskAsync<EventsHappened>(
        MessageKind.StopWatching, new StopWatching(watch), default)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
