using Pantry.Configuration;
using Pantry.Files;

namespace Pantry.Operators;

/// <summary>Chunks in groups that one message takes.</summary>
internal static class ChunkGroups
{
    public static IEnumerable<IReadOnlyList<Chunk>> Of(IEnumerable<Chunk> chunks, PantryOptions options)
    {
        var group = new List<Chunk>();
        long bytes = 0;
        foreach (Chunk chunk in chunks)
        {
            // Header and head are frames too.
            if (group.Count > 0 && (group.Count >= options.Wire.MaxFrames - 2 || bytes + chunk.Length > options.Provisioning.MessageContent))
            {
                yield return group;
                group = [];
                bytes = 0;
            }

            group.Add(chunk);
            bytes += chunk.Length;
        }

        if (group.Count > 0)
            yield return group;
    }
}
