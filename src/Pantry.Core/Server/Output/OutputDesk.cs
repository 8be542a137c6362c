using System.Collections.Concurrent;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server.Jobs;
using Pantry.Storage;

namespace Pantry.Server.Output;

/// <summary>
/// Live output for those who want to see it: each asks again and again, so nothing is sent that was not asked for. The watches of a
/// console elsewhere end with its session.
/// </summary>
internal sealed class OutputDesk(JobDirectory directory, JobStore store, PantryOptions options, TimeProvider time)
{
    private const int LongestId = 64;

    private readonly ConcurrentDictionary<(ServerSession Session, string Id), Watching> _watches = new();

    /// <summary>Begins to read.</summary>
    /// <exception cref="PantryException">There is no such job of this operator, or it was not sent to be watched.</exception>
    public OutputWatch Watch(string job, IReadOnlyList<int> from, OperatorEntry by, string? address)
    {
        JobRowsOf rows = directory.Open(job, by, address, nameof(ReadOutput));
        return rows.Output is { } output
            ? new OutputWatch(rows, output, from, store, options.LivePage, time)
            : throw new PantryException(PantryErrorCode.InvalidArgument, $"The job {rows.Id} was not sent with -Live: there are its results, and nothing before them.") { Target = rows.Id };
    }

    /// <summary>
    /// Answers a request; done when the answer has left, so that who asks and does not read has one page waiting for each watch. Where
    /// it does not leave in time, the watch is over.
    /// </summary>
    /// <exception cref="PantryException">It cannot be read, or this console reads too much at the same time.</exception>
    public async Task AnswerAsync(ServerSession session, ReadOutput request, ulong correlation, OperatorEntry by)
    {
        (ServerSession, string) key = (session, request.Watch);
        if (request.From is { } from)
            Begin(key, Watch(request.Job, from, by, session.Address));
        if (!_watches.TryGetValue(key, out Watching? watching))
        {
            // Waits for no room: a console that asks for this again and again and does not read is dropped.
            session.Post(new Message(MessageKind.OutputRead, new OutputRead(request.Watch, Known: false, [], [], false), correlation) { Bodies = [[]] });
            return;
        }

        Task turn = watching.Turn.TryBegin() ?? throw new PantryException(PantryErrorCode.LimitReached, "This watch waits for output already.");
        await turn.WaitAsync(watching.Stopped).ConfigureAwait(false);
        try
        {
            // Whoever begins has an answer at once: that takes a request's place, waiting takes none.
            TimeSpan wait = request.From is null ? TimeSpan.FromSeconds(Math.Clamp(request.WaitSeconds, 0, options.RowWait.TotalSeconds)) : TimeSpan.Zero;
            OutputPage page = await watching.Watch.TakeAsync(wait, watching.Stopped).ConfigureAwait(false);
            watching.Turn.Leave();
            if (page.Last)
                Stop(key, watching);
            await SendAsync(session, request.Watch, page, correlation).ConfigureAwait(false);
        }
        catch
        {
            // What was taken for this answer is not brought by another one: the console begins again.
            Stop(key, watching);
            throw;
        }
        finally
        {
            watching.Turn.End();
        }
    }

    public void Stop(ServerSession session, string id)
    {
        if (_watches.TryRemove((session, id), out Watching? watching))
            watching.Dispose();
    }

    public void Closed(ServerSession session)
    {
        foreach ((ServerSession Session, string Id) key in _watches.Keys.Where(key => key.Session == session))
            Stop(session, key.Id);
    }

    private void Begin((ServerSession Session, string Id) key, OutputWatch watch)
    {
        if (key.Id.Length is 0 or > LongestId)
            throw new PantryException(PantryErrorCode.InvalidArgument, $"The id of a watch has 1 to {LongestId} characters.");
        if (!_watches.ContainsKey(key) && _watches.Keys.Count(other => other.Session == key.Session) >= options.MaxLiveWatches)
        {
            throw new PantryException(PantryErrorCode.LimitReached,
                $"This console watches the output of {options.MaxLiveWatches} jobs already, which is the server's limit. End one of them.");
        }

        Stop(key.Session, key.Id);
        _watches[key] = new Watching(watch);
        // A session that was closed meanwhile will not stop it any more.
        if (key.Session.Closed)
            Stop(key.Session, key.Id);
    }

    // The watch may end meanwhile; its answer counts until it has left even so.
    private async Task SendAsync(ServerSession session, string watch, OutputPage page, ulong correlation)
    {
        using var deadline = new CancellationTokenSource(options.RequestTimeout, time);
        var head = new OutputRead(watch, Known: true, [.. page.Pieces.Select(piece => piece.Head)], page.Ended, page.Last);
        byte[] bytes = [.. page.Pieces.SelectMany(piece => piece.Bytes)];
        await session.PostBulkAsync(new Message(MessageKind.OutputRead, head, correlation) { Bodies = [bytes] }, deadline.Token).ConfigureAwait(false);
        await session.FlushAsync(deadline.Token).ConfigureAwait(false);
    }

    private void Stop((ServerSession Session, string Id) key, Watching watching)
    {
        // Only itself: another may have its name by then.
        if (_watches.TryRemove(KeyValuePair.Create(key, watching)))
            watching.Dispose();
    }

    private sealed class Watching : IDisposable
    {
        private readonly CancellationTokenSource _stopped = new();

        public Watching(OutputWatch watch)
        {
            Watch = watch;
            Stopped = _stopped.Token;
        }

        public OutputWatch Watch { get; }

        public OutputTurn Turn { get; } = new();

        public CancellationToken Stopped { get; }

        public void Dispose()
        {
            _stopped.Cancel();
            _stopped.Dispose();
        }
    }
}
