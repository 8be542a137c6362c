using System.Security.Cryptography;
using Pantry.Protocol;
using Pantry.Transfers;

namespace Pantry.Server.Files;

/// <summary>What goes on over one session of the file port.</summary>
internal sealed class FilePeer : IDisposable
{
    // Transfers to the peer that it may have open at the same time.
    private const int MostServings = 16;

    private readonly Lock _lock = new();
    private readonly Dictionary<long, ChunkServing> _servings = [];
    private readonly MemoryStream _manifest = new();
    private bool _closed;

    public FilePeer()
    {
        ServerKey = RandomNumberGenerator.GetBytes(BulkCipher.KeyLength);
        PeerKey = RandomNumberGenerator.GetBytes(BulkCipher.KeyLength);
        Sealer = new BulkCipher(ServerKey);
        Opener = new BulkCipher(PeerKey);
    }

    public byte[] ServerKey { get; }

    public byte[] PeerKey { get; }

    /// <summary>Seals what goes to the peer.</summary>
    public BulkCipher Sealer { get; }

    /// <summary>Opens what comes of it.</summary>
    public BulkCipher Opener { get; }

    /// <summary>What the peer is bringing; null where it brings nothing.</summary>
    public TreeIntake? Intake { get; set; }

    /// <summary>Whether the next part of a manifest is the first of one.</summary>
    public bool IsBetweenManifests => _manifest.Length == 0;

    /// <summary>Puts a part of a manifest to those before it; null where they are too many bytes, and all of them with the last.</summary>
    public byte[]? AddPart(WriteTree write, byte[] part, int most)
    {
        if (_manifest.Length + part.Length > most)
        {
            _manifest.SetLength(0);
            return null;
        }

        _manifest.Write(part);
        if (!write.Last)
            return [];
        byte[] whole = _manifest.ToArray();
        _manifest.SetLength(0);
        return whole;
    }

    public ChunkServing? Find(long transfer)
    {
        lock (_lock)
            return _servings.GetValueOrDefault(transfer);
    }

    /// <summary>False where the peer has too many open, or is gone.</summary>
    public bool TryAdd(long transfer, ChunkServing serving)
    {
        lock (_lock)
            return !_closed && _servings.Count < MostServings && _servings.TryAdd(transfer, serving);
    }

    public void End(long transfer)
    {
        ChunkServing? ended;
        lock (_lock)
            _servings.Remove(transfer, out ended);
        ended?.Dispose();
    }

    /// <summary>The session has ended: nothing more leaves or comes.</summary>
    public void Dispose()
    {
        ChunkServing[] servings;
        lock (_lock)
        {
            _closed = true;
            servings = [.. _servings.Values];
            _servings.Clear();
        }

        foreach (ChunkServing serving in servings)
            serving.Dispose();
        Intake?.Dispose();
        Sealer.Dispose();
        Opener.Dispose();
        _manifest.Dispose();
    }
}
