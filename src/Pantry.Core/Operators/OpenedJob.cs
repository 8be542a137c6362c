using System.Runtime.CompilerServices;
using Pantry.Configuration;
using Pantry.Protocol;

namespace Pantry.Operators;

/// <summary>A job that was started before: its rows are asked for, a window at a time.</summary>
internal sealed class OpenedJob(string id, IReadOnlyList<string> targets, int first, FleetRequests requests, PantryOptions options, TimeProvider time) : IJob
{
    public string Id => id;

    public IReadOnlyList<string> Targets => targets;

    public async IAsyncEnumerable<ResultRow> ReadRowsAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        int next = first;
        var patience = new LinkPatience(options, time);
        while (next < targets.Count)
        {
            // What was taken is not asked for again.
            int from = next;
            foreach (ResultRow row in (await patience.TryAsync(() => requests.ReadRowsAsync(id, from, cancellation), cancellation).ConfigureAwait(false) ?? []).Where(row => row.Number == next))
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
