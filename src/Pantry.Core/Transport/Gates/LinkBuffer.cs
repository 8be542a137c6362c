namespace Pantry.Transport.Gates;

/// <summary>What came over the link and is not delivered yet: at most one message that is not whole, behind whole ones.</summary>
internal sealed class LinkBuffer(int readBytes, int keyBytes, int mostBytes)
{
    private byte[] _bytes = new byte[readBytes];
    private int _end;
    private int _needed;

    /// <summary>Where to read to next.</summary>
    public Memory<byte> Room()
    {
        if (_needed > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(_needed, Math.Min(mostBytes, 2 * _bytes.Length)));
        else if (_end == 0 && _bytes.Length > readBytes)
            _bytes = new byte[readBytes];
        return _bytes.AsMemory(_end);
    }

    public void Add(int bytes) => _end += bytes;

    /// <summary>Delivers all that is whole.</summary>
    /// <returns>False if our endpoint said what it never says.</returns>
    public bool Deliver(LinkReceiver receive)
    {
        int at = 0;
        while (true)
        {
            ReadOnlySpan<byte> rest = _bytes.AsSpan(at, _end - at);
            switch (LinkMessage.Judge(rest, keyBytes, mostBytes, out int length))
            {
                case LinkVerdict.Broken:
                    return false;
                case LinkVerdict.Whole:
                    receive(new LinkMessage(rest[..length], keyBytes));
                    at += length;
                    break;
                default:
                    rest.CopyTo(_bytes);
                    _end = rest.Length;
                    _needed = length;
                    return true;
            }
        }
    }
}
