using System.Runtime.CompilerServices;
using Pantry.Configuration;
using Pantry.Protocol;

namespace Pantry.Operators;

/// <summary>A job that was started before: its rows are asked for, a window at a time.</summary>
internal sealed class OpenedJob(string id, IReadOnlyList<string> targets, int from, RemoteFleet fleet, PantryOptions options) : IJob
{
    public string Id => id;

    public IReadOnlyList<string> Targets => targets;

    public async IAsyncEnumerable<ResultRow> ReadRowsAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        int next = from;
        long lostAt = 0;
        while (next < targets.Count)
        {
            IReadOnlyList<ResultRow> rows;
            try
            {
                rows = await fleet.ReadRowsAsync(id, next, cancellation).ConfigureAwait(false);
                lostAt = 0;
            }
            catch (PantryException lost) when (lost.Code is PantryErrorCode.ConnectionLost or PantryErrorCode.TimedOut)
            {
                // The link comes back by itself; what was taken is not asked for again.
                lostAt = lostAt == 0 ? Environment.TickCount64 : lostAt;
                if (Environment.TickCount64 - lostAt > options.ReattachTimeout.TotalMilliseconds)
                    throw;
                await Task.Delay(options.HeartbeatInterval / 5, cancellation).ConfigureAwait(false);
                continue;
            }

            foreach (ResultRow row in rows.Where(row => row.Number == next))
            {
                yield return row;
                next++;
            }
        }
    }

    public Task CancelAsync() => fleet.ControlJobAsync(id, JobAction.Cancel, default);
}
