using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Sessions;
using Pantry.Transport;

namespace Pantry.Operators;

/// <summary>What a console asks of a server elsewhere: no more at the same time than the server answers, and each answer is what it must be.</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "A semaphore that is only waited for asynchronously holds nothing.")]
internal sealed class FleetRequests(Func<ServerLink> link, ServerAddress server, PantryOptions options, TimeProvider time)
{
    // Half of what the server answers: lists take none of these places, and an answer is here before it counts as given there.
    private readonly SemaphoreSlim _asking = new(Math.Max(1, options.MaxOperatorRequests / 2));

    public Task<T> AskAsync<T>(MessageKind kind, object head, CancellationToken cancellation) => AskAsync<T>(kind, head, [], cancellation);

    public async Task<T> AskAsync<T>(MessageKind kind, object head, IReadOnlyList<byte[]> bodies, CancellationToken cancellation) =>
        Expect<T>(await AskAsync(kind, head, bodies, cancellation).ConfigureAwait(false));

    public async Task<Message> AskAsync(MessageKind kind, object head, IReadOnlyList<byte[]> bodies, CancellationToken cancellation)
    {
        await _asking.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            return await link().RequestAsync(kind, head, bodies, options.RequestTimeout, cancellation).ConfigureAwait(false);
        }
        finally
        {
            _asking.Release();
        }
    }

    /// <summary>Asks for a list, which comes in pages.</summary>
    /// <param name="kind">Kind of the request.</param>
    /// <param name="request">The request.</param>
    /// <param name="read">What is on a page, and whether it is the last.</param>
    /// <param name="cancellation">Gives up.</param>
    public async IAsyncEnumerable<TItem> ListAsync<TPage, TItem>(
        MessageKind kind, object request, Func<TPage, (IReadOnlyList<TItem> Items, bool Last)> read, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (Message message in MessagesAsync(kind, request, cancellation).ConfigureAwait(false))
        {
            if (message.Head is not TPage page)
                continue;
            (IReadOnlyList<TItem> items, bool last) = read(page);
            foreach (TItem item in items)
                yield return item;
            if (last)
                yield break;
        }
    }

    /// <summary>Rows of a job from a place on, a window at most; none where none came in a while.</summary>
    public async Task<IReadOnlyList<ResultRow>> ReadRowsAsync(string job, int from, CancellationToken cancellation)
    {
        var rows = new List<ResultRow>();
        var request = new ReadRows(job, from, options.RowWindow, options.RowWait.TotalSeconds);
        await foreach (Message message in MessagesAsync(MessageKind.ReadRows, request, cancellation).ConfigureAwait(false))
        {
            if (message.Head is Row row)
                rows.Add(new ResultRow(row.Number, row.Client, row.RoundTrip, row.Result, message.Bodies));
            else if (message.Head is RowsRead)
                break;
        }

        return rows;
    }

    /// <summary>Jobs that have come further; none where none did in a while.</summary>
    public async Task<IReadOnlyList<JobInfo>> AwaitJobsAsync(IReadOnlyList<JobMark> jobs, CancellationToken cancellation) =>
        await ListAsync<JobPage, JobInfo>(
            MessageKind.AwaitJobs, new AwaitJobs(jobs, options.RowWait.TotalSeconds), page => (page.Jobs, page.Last), cancellation).ToListAsync(cancellation).ConfigureAwait(false);

    /// <summary>What has happened since the last time; takes none of the places of other requests while it waits.</summary>
    public async Task<EventsHappened> WatchAsync(string watch, CancellationToken cancellation) => Expect<EventsHappened>(await link().RequestAsync(
        MessageKind.WatchEvents, new WatchEvents(watch, options.RowWait.TotalSeconds), [], options.RequestTimeout, cancellation).ConfigureAwait(false));

    /// <summary>Live output that a watch has not brought; null where the server does not know the watch. While it waits it takes none of the places of other requests either.</summary>
    public async Task<OutputPage?> ReadOutputAsync(string watch, string job, IReadOnlyList<int>? from, CancellationToken cancellation)
    {
        var request = new ReadOutput(watch, job, from, options.RowWait.TotalSeconds);
        Message answer = from is null
            ? await link().RequestAsync(MessageKind.ReadOutput, request, [], options.RequestTimeout, cancellation).ConfigureAwait(false)
            : await AskAsync(MessageKind.ReadOutput, request, [], cancellation).ConfigureAwait(false);
        OutputRead read = Expect<OutputRead>(answer);
        if (!read.Known)
            return null;
        var pieces = new List<StoredPiece>(read.Pieces.Count);
        byte[] bytes = answer.Body(0);
        int at = 0;
        foreach (PieceHead head in read.Pieces)
        {
            if (head.Size < 0 || head.Size > bytes.Length - at)
                throw new PantryException(PantryErrorCode.NotAPantryServer, $"The server {server} sent output that is shorter than it says.");
            pieces.Add(new StoredPiece(head, bytes.AsSpan(at, head.Size).ToArray()));
            at += head.Size;
        }

        return new OutputPage(pieces, read.Ended, read.Last);
    }

    // The answers to one request, until the caller has what it wants.
    private async IAsyncEnumerable<Message> MessagesAsync(MessageKind kind, object request, [EnumeratorCancellation] CancellationToken cancellation)
    {
        // The reading task cannot wait for a console that prints slowly: where too much waits, the list ends with an error.
        var pages = Channel.CreateBounded<Message>(options.WaitingPages);
        using IDisposable subscription = await link().RequestStreamAsync(kind, request, message =>
        {
            if (!pages.Writer.TryWrite(message))
                pages.Writer.TryComplete();
        }).ConfigureAwait(false);
        while (true)
        {
            using var late = new CancellationTokenSource(options.RequestTimeout, time);
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
            Message message;
            try
            {
                message = await pages.Reader.ReadAsync(deadline.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                throw new PantryException(PantryErrorCode.TimedOut, $"The server {server} did not send its list within {options.RequestTimeout.TotalSeconds:0} s.");
            }
            catch (ChannelClosedException)
            {
                throw new PantryException(PantryErrorCode.LimitReached,
                    $"The server {server} sent its list faster than it was read: {options.WaitingPages:N0} pages waited. Ask for less at once.");
            }

            if (message.Head is Refused refused)
                throw LinkRequests.FromRefused(refused);
            yield return message;
        }
    }

    public T Expect<T>(Message answer) => answer.Head is T head
        ? head
        : throw new PantryException(PantryErrorCode.NotAPantryServer, $"The server {server} answered with {answer.Kind}, which is no answer to that request.");
}
