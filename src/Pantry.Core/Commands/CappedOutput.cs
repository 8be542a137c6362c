namespace Pantry.Commands;

/// <summary>
/// Reads a stream to its end and keeps no more than a cap of it, so that endless output costs no memory. With a mark,
/// what follows the mark is kept apart, under a cap of its own: no output before it can crowd it out.
/// </summary>
internal sealed class CappedOutput(int cap, byte[]? mark = null, int capAfterMark = 0) : IDisposable
{
    private readonly MemoryStream _kept = new();
    private readonly MemoryStream _after = new();
    private byte[] _undecided = [];
    private bool _markSeen;

    public bool Truncated { get; private set; }

    /// <summary>Sees everything as it comes, what passes the cap too.</summary>
    public Action<ReadOnlyMemory<byte>>? Tap { get; init; }

    public async Task ReadAsync(Stream stream, CancellationToken cancellation)
    {
        byte[] buffer = new byte[16 * 1024];
        try
        {
            int read;
            while ((read = await stream.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0)
            {
                Tap?.Invoke(buffer.AsMemory(0, read));
                Add(buffer.AsSpan(0, read));
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The pipe is gone or nobody waits for it any longer.
        }
    }

    public void Add(ReadOnlySpan<byte> bytes)
    {
        lock (_kept)
        {
            if (_markSeen)
                Keep(_after, bytes, capAfterMark);
            else if (mark is null)
                Keep(_kept, bytes, cap);
            else
                LookForMark([.. _undecided, .. bytes], mark);
        }
    }

    /// <summary>What came before the mark, or all.</summary>
    public byte[] ToArray()
    {
        lock (_kept)
        {
            Keep(_kept, _undecided, cap);
            _undecided = [];
            return _kept.ToArray();
        }
    }

    /// <summary>What came after the mark; null where it never came.</summary>
    public byte[]? AfterMark()
    {
        lock (_kept)
            return _markSeen ? _after.ToArray() : null;
    }

    public void Dispose()
    {
        _kept.Dispose();
        _after.Dispose();
    }

    private void LookForMark(byte[] bytes, byte[] wanted)
    {
        int at = bytes.AsSpan().IndexOf(wanted);
        _markSeen = at >= 0;
        // The end of what there is could be the mark's beginning.
        int decided = _markSeen ? at : Math.Max(0, bytes.Length - wanted.Length + 1);
        Keep(_kept, bytes.AsSpan(0, decided), cap);
        _undecided = _markSeen ? [] : bytes[decided..];
        if (_markSeen)
            Keep(_after, bytes.AsSpan(at + wanted.Length), capAfterMark);
    }

    private void Keep(MemoryStream kept, ReadOnlySpan<byte> bytes, int most)
    {
        int room = (int)Math.Min(bytes.Length, most - kept.Length);
        kept.Write(bytes[..room]);
        Truncated |= room < bytes.Length;
    }
}
