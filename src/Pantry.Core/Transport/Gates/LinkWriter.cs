using System.Net.Sockets;

namespace Pantry.Transport.Gates;

/// <summary>
/// What connections have for our endpoint, on its way into the link. While one batch is written the next is collected, and
/// when that is full whoever has more waits in line: so each connection has one message here beyond the batches, and none
/// that says much keeps others out.
/// </summary>
internal sealed class LinkWriter(int batchBytes)
{
    private readonly Lock _lock = new();
    private readonly Queue<Waiting> _line = [];
    private readonly byte[][] _batches = [new byte[batchBytes], new byte[batchBytes]];
    private int _filling;
    private int _filled;
    private bool _isWriting;
    private bool _isAborted;
    private Socket? _link;

    /// <summary>Writes to this link from now on.</summary>
    public void Open(Socket link)
    {
        lock (_lock)
        {
            _link = link;
            if (_isAborted)
                QuietSocket.Abort(link);
        }
    }

    /// <summary>There is no link any more: what was not written is lost, and those who wait are told.</summary>
    public void Close()
    {
        Waiting[] lost;
        lock (_lock)
        {
            _link = null;
            _filled = 0;
            lost = [.. _line];
            _line.Clear();
        }

        foreach (Waiting waiting in lost)
            waiting.Done.SetResult(false);
    }

    /// <summary>Ends the link, also one that is dialled and not open yet.</summary>
    public void Abort()
    {
        lock (_lock)
        {
            _isAborted = true;
            if (_link is { } link)
                QuietSocket.Abort(link);
        }
    }

    /// <summary>Writes a message.</summary>
    /// <param name="number">Number of the connection that it is of; null where the message says all itself.</param>
    /// <param name="frames">The message's frames, kept as they are until this completes.</param>
    /// <returns>False if there is no link.</returns>
    public ValueTask<bool> WriteAsync(ulong? number, ReadOnlyMemory<byte> frames)
    {
        lock (_lock)
        {
            if (_link is null)
                return ValueTask.FromResult(false);
            if (_line.Count > 0 || !TryCollect(number, frames))
            {
                var waiting = new Waiting(number, frames);
                _line.Enqueue(waiting);
                BeginWriting();
                return new ValueTask<bool>(waiting.Done.Task);
            }

            BeginWriting();
            return ValueTask.FromResult(true);
        }
    }

    private void BeginWriting()
    {
        if (_isWriting)
            return;
        _isWriting = true;
        // By the pool's common queue: what other connections have by then goes in the same batch.
        ThreadPool.UnsafeQueueUserWorkItem(static writer => _ = writer.RunAsync(), this, preferLocal: false);
    }

    private bool TryCollect(ulong? number, ReadOnlyMemory<byte> frames)
    {
        byte[] batch = _batches[_filling];
        int head = number is null ? 0 : LinkMessage.NumberHeadBytes;
        if (batch.Length - _filled < head + frames.Length)
            return false;
        if (number is { } known)
            LinkMessage.WriteHead(batch.AsSpan(_filled), known, frames.IsEmpty);
        frames.Span.CopyTo(batch.AsSpan(_filled + head));
        _filled += head + frames.Length;
        return true;
    }

    private async Task RunAsync()
    {
        while (Next(out Socket? link, out ReadOnlyMemory<byte> batch, out Waiting? large))
        {
            bool written = large is null
                ? await QuietSocket.TrySendAllAsync(link!, batch)
                : await QuietSocket.TrySendAllAsync(link!, large.Head()) && await QuietSocket.TrySendAllAsync(link!, large.Frames);
            large?.Done.SetResult(written);
            // Who reads from the link finds out, and closes this.
            if (!written)
                QuietSocket.Abort(link!);
        }
    }

    /// <summary>The batch that was collected, or one message that is too large for any.</summary>
    private bool Next(out Socket? link, out ReadOnlyMemory<byte> batch, out Waiting? large)
    {
        lock (_lock)
        {
            link = _link;
            large = null;
            batch = _batches[_filling].AsMemory(0, _filled);
            if (link is not null && _filled == 0 && _line.TryDequeue(out large))
                return true;
            if (link is null || _filled == 0)
            {
                _isWriting = false;
                return false;
            }

            _filling = 1 - _filling;
            _filled = 0;
            while (_line.TryPeek(out Waiting? first) && TryCollect(first.Number, first.Frames))
                _line.Dequeue().Done.SetResult(true);
            return true;
        }
    }

    private sealed record Waiting(ulong? Number, ReadOnlyMemory<byte> Frames)
    {
        public TaskCompletionSource<bool> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public byte[] Head()
        {
            if (Number is not { } number)
                return [];
            byte[] head = new byte[LinkMessage.NumberHeadBytes];
            LinkMessage.WriteHead(head, number, Frames.IsEmpty);
            return head;
        }
    }
}
