namespace Pantry.Commands;

/// <summary>
/// Reads a stream to its end and keeps no more than a cap of it, so that endless output costs no memory. With a mark,
/// only what is no answer of the child's own is kept here.
/// </summary>
internal sealed class CappedOutput(int cap, MarkedAnswer? answer = null) : IOutputSource, IDisposable
{
    private readonly Lock _lock = new();
    private readonly MemoryStream _kept = new();
    private bool _closed;

    public bool Truncated { get; private set; }

    /// <summary>Sees everything as it comes, what passes the cap too.</summary>
    public Action<ReadOnlyMemory<byte>>? Tap { get; init; }

    public int Length
    {
        get
        {
            lock (_lock)
                return _closed ? 0 : (int)_kept.Length;
        }
    }

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
        lock (_lock)
        {
            if (answer is null)
                Keep(bytes);
            else
                answer.Split(bytes, Keep);
        }
    }

    public byte[] Read(int from, int most)
    {
        lock (_lock)
        {
            if (_closed || from >= _kept.Length)
                return [];
            return _kept.GetBuffer().AsSpan(from, Math.Min(most, (int)_kept.Length - from)).ToArray();
        }
    }

    /// <summary>All that is kept.</summary>
    public byte[] ToArray()
    {
        lock (_lock)
        {
            answer?.End(Keep);
            return _kept.ToArray();
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _closed = true;
            _kept.Dispose();
        }
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        int room = (int)Math.Min(bytes.Length, cap - _kept.Length);
        _kept.Write(bytes[..room]);
        Truncated |= room < bytes.Length;
    }
}
