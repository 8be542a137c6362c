using System.Collections.Concurrent;
using Pantry.Provisioning.Applications;
using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.Server.Provisioning;

/// <summary>The documents of the applications as they are now, read once for each revision.</summary>
internal sealed class ApplicationShelf(ApplicationStore store)
{
    // One of each application at most.
    private readonly ConcurrentDictionary<string, (int Revision, ApplicationDocument Document)> _read = new(Names.Comparer);

    /// <summary>The application; null where there is none.</summary>
    /// <exception cref="PantryException">Its document was taken by an older Pantry and does not stand any more.</exception>
    public (int Revision, ApplicationDocument Document)? Find(string? name)
    {
        if (name is null || store.Find(name) is not { } now)
            return null;
        if (_read.TryGetValue(name, out (int Revision, ApplicationDocument Document) read) && read.Revision == now.Revision)
            return read;
        return _read[name] = (now.Revision, ApplicationDocument.Parse(now.Name, now.Document));
    }
}
