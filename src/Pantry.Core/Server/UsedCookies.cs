namespace Pantry.Server;

/// <summary>
/// Cookies of handshakes that were completed, for as long as a cookie is good: an INITIATE that comes again would bring the
/// same keys again, and with them the same nonces.
/// </summary>
internal sealed class UsedCookies
{
    private readonly Lock _lock = new();
    private HashSet<UInt128> _present = [];
    private HashSet<UInt128> _before = [];
    private HashSet<UInt128> _longBefore = [];

    /// <summary>False where the cookie was used already.</summary>
    public bool TryAdd(ReadOnlySpan<byte> nonce)
    {
        UInt128 cookie = System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(nonce);
        lock (_lock)
            return !_before.Contains(cookie) && !_longBefore.Contains(cookie) && _present.Add(cookie);
    }

    /// <summary>Cookies have new keys: those of two keys before are good no more.</summary>
    public void Rotate()
    {
        lock (_lock)
            (_present, _before, _longBefore) = ([], _present, _before);
    }
}
