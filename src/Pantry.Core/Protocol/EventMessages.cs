namespace Pantry.Protocol;

/// <summary>What has happened since the last time? Where nothing has, the answer waits a while. The first of an id begins to watch.</summary>
/// <param name="Watch">Id of the watch, the console's own.</param>
/// <param name="WaitSeconds">How long the answer may wait for an event.</param>
internal sealed record WatchEvents(string Watch, double WaitSeconds);

/// <summary>What has happened, the oldest first.</summary>
/// <param name="Watch">Id of the watch.</param>
/// <param name="Began">Whether the watch begins with this: what happened before is not known to it.</param>
/// <param name="Events">The events; none where nothing happened in a while.</param>
internal sealed record EventsHappened(string Watch, bool Began, IReadOnlyList<PantryEvent> Events);

/// <summary>Nobody watches any more; answered by an <see cref="EventsHappened"/> without events.</summary>
internal sealed record StopWatching(string Watch);
