using System.Collections.Concurrent;
using Pantry.Provisioning.Applications;
using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.Server.Provisioning;

/// <summary>The documents of the applications; those that they have now are read once.</summary>
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

    /// <summary>The document of a revision; null where it is the one that removed the application, or was taken by an older Pantry and does not stand any more.</summary>
    public ApplicationDocument? Read(StoredRevision revision)
    {
        try
        {
            return revision.Document.Length == 0 ? null
                : Find(revision.Name) is { } now && now.Revision == revision.Revision ? now.Document : ApplicationDocument.Parse(revision.Name, revision.Document);
        }
        catch (PantryException)
        {
            return null;
        }
    }
}
