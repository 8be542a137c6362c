using System.Collections.Concurrent;
using Pantry.Configuration;
using Pantry.Protocol;

namespace Pantry.Server.Events;

/// <summary>The watches of consoles elsewhere: each is asked for again and again, and ends with its session.</summary>
internal sealed class EventDesk(EventFeed feed, Authority authority, PantryOptions options)
{
    private const int LongestId = 64;

    private readonly ConcurrentDictionary<(ServerSession Session, string Id), EventWatch> _watches = new();

    /// <exception cref="PantryException">The console watches too often already.</exception>
    public async Task<EventsHappened> TakeAsync(ServerSession session, WatchEvents request)
    {
        if (!_watches.TryGetValue((session, request.Watch), out EventWatch? watch))
        {
            Begin(session, request.Watch);
            return new EventsHappened(request.Watch, Began: true, []);
        }

        TimeSpan wait = TimeSpan.FromSeconds(Math.Clamp(request.WaitSeconds, 0, options.RowWait.TotalSeconds));
        return new EventsHappened(request.Watch, Began: false, await watch.TakeAsync(options.ClientPageSize, wait, default).ConfigureAwait(false) ?? []);
    }

    public void Stop(ServerSession session, string id)
    {
        if (_watches.TryRemove((session, id), out EventWatch? watch))
            watch.Dispose();
    }

    public void Closed(ServerSession session)
    {
        foreach ((ServerSession Session, string Id) key in _watches.Keys.Where(key => key.Session == session))
            Stop(session, key.Id);
    }

    private void Begin(ServerSession session, string id)
    {
        if (id.Length is 0 or > LongestId)
            throw new PantryException(PantryErrorCode.InvalidArgument, $"The id of a watch has 1 to {LongestId} characters.");
        if (_watches.Keys.Count(key => key.Session == session) >= options.MaxWatches)
            throw new PantryException(PantryErrorCode.LimitReached, $"This console watches events {options.MaxWatches} times already, which is the server's limit. End one of them.");
        EventWatch watch = feed.Watch(() => authority.FindBySessionKey(session.Key));
        if (!_watches.TryAdd((session, id), watch))
            watch.Dispose();
        // A session that was closed meanwhile will not stop it any more.
        if (session.Closed)
            Stop(session, id);
    }
}
