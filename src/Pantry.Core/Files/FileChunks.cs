using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Pantry.Files;

/// <summary>The chunks of a file on the disk.</summary>
internal static class FileChunks
{
    private const int BufferBytes = 4 * Chunker.MaxBytes;

    /// <summary>Reads a file once for its hash and its chunks.</summary>
    /// <param name="file">The file.</param>
    /// <param name="size">How many bytes of it.</param>
    /// <param name="name">For the message.</param>
    /// <param name="read">Told of the bytes as they are read; may end it with an exception.</param>
    /// <exception cref="PantryException">The file became shorter meanwhile.</exception>
    public static (ContentHash Hash, IReadOnlyList<Chunk> Chunks) Read(SafeFileHandle file, long size, string name, Action<int> read)
    {
        if (size == 0)
            return (ContentHash.OfNothing, []);
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(size, BufferBytes));
        try
        {
            var chunks = new List<Chunk>();
            using IncrementalHash whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            long at = 0;
            int held = 0;
            while (at < size || held > 0)
            {
                while (at < size && held < buffer.Length && held < BufferBytes)
                {
                    int count = RandomAccess.Read(file, buffer.AsSpan(held, (int)Math.Min(Math.Min(buffer.Length, BufferBytes) - held, size - at)), at);
                    if (count == 0)
                        throw Changed(name);
                    at += count;
                    held += count;
                    read(count);
                }

                int used = 0;
                // Only where all that a chunk may have is here, or nothing follows.
                while (used < held && (held - used >= Chunker.MaxBytes || at == size))
                {
                    ReadOnlySpan<byte> chunk = buffer.AsSpan(used, Chunker.Cut(buffer.AsSpan(used, held - used)));
                    chunks.Add(new Chunk(ContentHash.Of(chunk), chunk.Length));
                    used += chunk.Length;
                }

                if (chunks.Count > 1 || at < size)
                    whole.AppendData(buffer, 0, used);
                buffer.AsSpan(used, held - used).CopyTo(buffer);
                held -= used;
            }

            return (chunks.Count == 1 ? chunks[0].Hash : ContentHash.Take(whole), chunks);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Reads a piece of a file.</summary>
    /// <returns>False where the file ends before.</returns>
    public static bool TryRead(SafeFileHandle file, long offset, Span<byte> into)
    {
        int read = 0;
        while (read < into.Length && RandomAccess.Read(file, into[read..], offset + read) is > 0 and int count)
            read += count;
        return read == into.Length;
    }

    public static PantryException Changed(string name) => new(PantryErrorCode.FileChanged,
        $"'{DisplayText.FirstLine(name, 300)}' changed while it was read. Send it again when nothing writes to it, or a copy of it.")
    { Target = name };
}
