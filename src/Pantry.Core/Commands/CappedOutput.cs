namespace Pantry.Commands;

/// <summary>Reads a stream to its end and keeps no more than a cap of it, so that endless output costs no memory.</summary>
internal sealed class CappedOutput(int cap) : IDisposable
{
    private readonly MemoryStream _kept = new();

    public bool Truncated { get; private set; }

    public async Task ReadAsync(Stream stream, CancellationToken cancellation)
    {
        byte[] buffer = new byte[16 * 1024];
        try
        {
            int read;
            while ((read = await stream.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0)
                Add(buffer.AsSpan(0, read));
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
            int room = (int)Math.Min(bytes.Length, cap - _kept.Length);
            _kept.Write(bytes[..room]);
            Truncated |= room < bytes.Length;
        }
    }

    public void Dispose() => _kept.Dispose();

    public byte[] ToArray()
    {
        lock (_kept)
            return _kept.ToArray();
    }
}
