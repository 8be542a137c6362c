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

    /// <exception cref="PantryException">It cannot be read, or this console reads too much at the same time.</exception>
    public async Task<(OutputRead Head, byte[] Bytes)> TakeAsync(ServerSession session, ReadOutput request, OperatorEntry by)
    {
        (ServerSession, string) key = (session, request.Watch);
        if (request.From is { } from)
            Begin(key, Watch(request.Job, from, by, session.Address));
        if (!_watches.TryGetValue(key, out Watching? watching))
            return (new OutputRead(request.Watch, Known: false, [], [], false), []);
        if (!watching.TryBegin())
            throw new PantryException(PantryErrorCode.LimitReached, "This watch waits for output already.");
        try
        {
            // Whoever begins has an answer at once: that takes a request's place, waiting takes none.
            TimeSpan wait = request.From is null ? TimeSpan.FromSeconds(Math.Clamp(request.WaitSeconds, 0, options.RowWait.TotalSeconds)) : TimeSpan.Zero;
            OutputPage page = await watching.Watch.TakeAsync(wait, watching.Stopped).ConfigureAwait(false);
            if (page.Last)
                Stop(session, request.Watch);
            return (new OutputRead(request.Watch, Known: true, [.. page.Pieces.Select(piece => piece.Head)], page.Ended, page.Last), [.. page.Pieces.SelectMany(piece => piece.Bytes)]);
        }
        finally
        {
            watching.End();
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

    private sealed class Watching : IDisposable
    {
        private readonly CancellationTokenSource _stopped = new();
        private int _taking;

        public Watching(OutputWatch watch)
        {
            Watch = watch;
            Stopped = _stopped.Token;
        }

        public OutputWatch Watch { get; }

        public CancellationToken Stopped { get; }

        public bool TryBegin() => Interlocked.Exchange(ref _taking, 1) == 0;

        public void End() => Volatile.Write(ref _taking, 0);

        public void Dispose()
        {
            _stopped.Cancel();
            _stopped.Dispose();
        }
    }
}
