using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.Operators;

/// <summary>
/// Brings live output as it comes, and the row of each target behind all that it wrote. Some rows may wait for the output of
/// theirs, so that one with much of it does not hold up the others'; of more than that none is taken.
/// </summary>
/// <param name="targets">The job's targets.</param>
/// <param name="write">Takes a piece of output.</param>
/// <param name="finish">Takes a row.</param>
/// <param name="warn">Is told why there is no more output, where there should be.</param>
internal sealed class LiveMerge(IReadOnlyList<string> targets, Func<StoredPiece, Task> write, Func<ResultRow, Task> finish, Func<string, Task> warn)
{
    private const int WaitingRows = 64;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, ResultRow> _waiting = new(Names.Comparer);
    private readonly HashSet<string> _ended = new(Names.Comparer);
    private bool _over;

    public async Task RunAsync(IAsyncEnumerable<OutputPage> pages, IAsyncEnumerable<ResultRow> rows, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var room = new SemaphoreSlim(WaitingRows);
        Task output = ReadOutputAsync(pages, room, stop.Token), results = ReadRowsAsync(rows, room, stop.Token);
        try
        {
            await await Task.WhenAny(output, results).ConfigureAwait(false);
            await results.ConfigureAwait(false);
            // Rows that were left out were not waited for, and neither is their output.
            await output.ConfigureAwait(false);
        }
        finally
        {
            // Both use what ends here.
            await stop.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(output, results).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ReadRowsAsync(IAsyncEnumerable<ResultRow> rows, SemaphoreSlim room, CancellationToken cancellation)
    {
        await foreach (ResultRow row in rows.WithCancellation(cancellation).ConfigureAwait(false))
        {
            await room.WaitAsync(cancellation).ConfigureAwait(false);
            lock (_lock)
            {
                if (!_over && !_ended.Contains(row.Client))
                {
                    _waiting[row.Client] = row;
                    continue;
                }
            }

            room.Release();
            await finish(row).ConfigureAwait(false);
        }
    }

    private async Task ReadOutputAsync(IAsyncEnumerable<OutputPage> pages, SemaphoreSlim room, CancellationToken cancellation)
    {
        try
        {
            await foreach (OutputPage page in pages.WithCancellation(cancellation).ConfigureAwait(false))
            {
                foreach (StoredPiece piece in page.Pieces)
                    await write(piece).ConfigureAwait(false);
                foreach (int target in page.Ended)
                    await EndAsync(targets.ElementAtOrDefault(target) ?? "", room).ConfigureAwait(false);
            }
        }
        catch (PantryException lost)
        {
            // The rows have all of it, and come without it.
            await warn($"There is no more live output; the results have all of it. {lost.Message}").ConfigureAwait(false);
        }

        List<ResultRow> left;
        lock (_lock)
        {
            _over = true;
            left = [.. _waiting.Values];
            _waiting.Clear();
        }

        foreach (ResultRow row in left)
            await FinishAsync(row, room).ConfigureAwait(false);
    }

    private async Task EndAsync(string client, SemaphoreSlim room)
    {
        ResultRow? row;
        lock (_lock)
        {
            _ended.Add(client);
            _waiting.Remove(client, out row);
        }

        if (row is not null)
            await FinishAsync(row, room).ConfigureAwait(false);
    }

    private async Task FinishAsync(ResultRow row, SemaphoreSlim room)
    {
        room.Release();
        await finish(row).ConfigureAwait(false);
    }
}
