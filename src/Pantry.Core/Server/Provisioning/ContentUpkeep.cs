using Microsoft.Extensions.Logging;
using Pantry.Configuration;
using Pantry.Files;
using Pantry.Storage;

namespace Pantry.Server.Provisioning;

/// <summary>Removes content that no package has any more, once in a while and on a task of its own; what was just brought stays for its grace.</summary>
internal sealed class ContentUpkeep(PackageStore packages, ChunkStore content, ServerAudit audit, PantryOptions options, TimeProvider time, ILogger log) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private long _collectedAt = time.GetTimestamp();
    private Task _collecting = Task.CompletedTask;

    /// <summary>Begins to collect when that is due; from one thread.</summary>
    public void Sweep()
    {
        if (time.GetElapsedTime(_collectedAt) < options.Provisioning.CollectInterval || !_collecting.IsCompleted)
            return;
        _collectedAt = time.GetTimestamp();
        _collecting = Task.Run(TryCollect);
    }

    /// <summary>Removes what nothing uses.</summary>
    /// <exception cref="PantryException">What a package uses could not be read; nothing was removed then.</exception>
    public (long Count, long Bytes) Collect()
    {
        // Looked at before anything goes. What is published from then on was claimed before it, and so has its grace.
        HashSet<ContentHash> used = Used();
        (long count, long bytes) = content.Collect(used.Contains, options.Files.UnusedGrace, _stopping.Token);
        if (count > 0)
            audit.Note(ServerAudit.Server, null, null, "ContentCollected", null, "Done", detail: new AuditedContent(count, bytes));
        return (count, bytes);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _collecting.ConfigureAwait(false);
        _stopping.Dispose();
    }

    private HashSet<ContentHash> Used()
    {
        var used = new HashSet<ContentHash>();
        foreach (string text in packages.All.Select(package => package.Edition.Digest).Distinct())
        {
            _stopping.Token.ThrowIfCancellationRequested();
            _ = ContentHash.TryParse(text, out ContentHash digest);
            used.Add(digest);
            foreach (Chunk chunk in FileTree.Parse(content.Read(digest, options.Files.MaxManifestBytes), options.Files).Chunks())
                used.Add(chunk.Hash);
        }

        return used;
    }

    private void TryCollect()
    {
        try
        {
            Collect();
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
        catch (Exception failed)
        {
            log.LogError(failed, "Content that nothing uses could not be collected; nothing that is used was touched. Test-PantryPackageStore names what is damaged.");
        }
    }
}
