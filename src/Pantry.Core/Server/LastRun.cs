using Pantry.Configuration;
using Pantry.Storage;

namespace Pantry.Server;

/// <summary>
/// Which clients were there when the server ended. When they were last seen is written down once a minute and at a stop: who
/// was there to the end was seen a minute before the last that was seen at all, or later.
/// </summary>
internal sealed class LastRun(IReadOnlyList<ClientKey> approved, PantryOptions options)
{
    private readonly DateTimeOffset _end = approved.Select(SeenAt).DefaultIfEmpty().Max();

    public bool WasThere(ClientKey key) => _end - SeenAt(key) <= options.SeenFlushInterval + options.DeadAfter;

    // One that was just let in may not have been written down since.
    private static DateTimeOffset SeenAt(ClientKey key) => key.LastSeen ?? key.DecidedAt ?? key.FirstSeen;
}
