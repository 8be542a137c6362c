using System.Runtime.CompilerServices;
using Pantry.Configuration;
using Pantry.Protocol;

namespace Pantry.Operators;

/// <summary>A job that was started before: its rows are asked for, a window at a time.</summary>
internal sealed class OpenedJob(string id, IReadOnlyList<string> targets, int from, FleetRequests requests, PantryOptions options, TimeProvider time) : IJob
{
    public string Id => id;

    public IReadOnlyList<string> Targets => targets;

    public async IAsyncEnumerable<ResultRow> ReadRowsAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        int next = from;
        long? lostAt = null;
        while (next < targets.Count)
        {
            IReadOnlyList<ResultRow> rows;
            try
            {
                rows = await requests.ReadRowsAsync(id, next, cancellation).ConfigureAwait(false);
                lostAt = null;
            }
            catch (PantryException lost) when (lost.Code is PantryErrorCode.ConnectionLost or PantryErrorCode.TimedOut)
            {
                // The link comes back by itself; what was taken is not asked for again.
                lostAt ??= time.GetTimestamp();
                if (time.GetElapsedTime(lostAt.Value) > options.ReattachTimeout)
                    throw;
                await Task.Delay(options.HeartbeatInterval / 5, time, cancellation).ConfigureAwait(false);
                continue;
            }

            foreach (ResultRow row in rows.Where(row => row.Number == next))
            {
                yield return row;
                next++;
            }
        }
    }

    public IAsyncEnumerable<OutputPage> ReadOutputAsync(IReadOnlyList<int> next, CancellationToken cancellation) =>
        RemoteOutput.ReadAsync(id, targets.Count, next, requests, options, time, cancellation);

    public Task CancelAsync() => requests.AskAsync<JobChanged>(MessageKind.ControlJob, new ControlJob(id, JobAction.Cancel), default);
}
