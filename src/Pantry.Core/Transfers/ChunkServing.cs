using Pantry.Configuration;
using Pantry.Files;
using Pantry.Protocol;
using Pantry.Sessions;
using Pantry.Transport;
using Pantry.Transport.Gates;

namespace Pantry.Transfers;

/// <summary>
/// The sender of a transfer: sends the chunks that it is asked for, one after the other, as fast as the link, the rate and the budget of memory
/// let it. A chunk that is not of the transfer's tree is refused.
/// </summary>
internal sealed class ChunkServing : IDisposable
{
    private readonly ulong _transfer;
    private readonly FileTree _tree;
    private readonly IChunkSource _source;
    private readonly BulkCipher _cipher;
    private readonly ChunkExit _exit;
    private readonly FileLimits _limits;
    private readonly CancellationTokenSource _over = new();
    private readonly Lock _lock = new();
    private readonly Queue<(ulong Number, Chunk Chunk)> _asked = new();
    private readonly Queue<int> _sent = new();
    private ulong _lastNumber;
    private long _acknowledged;
    private long _open;
    private bool _running;

    /// <param name="transfer">The transfer.</param>
    /// <param name="tree">What may be asked for.</param>
    /// <param name="source">Where its chunks are.</param>
    /// <param name="cipher">Seals what leaves.</param>
    /// <param name="exit">How it leaves.</param>
    /// <param name="limits">Limits.</param>
    public ChunkServing(ulong transfer, FileTree tree, IChunkSource source, BulkCipher cipher, ChunkExit exit, FileLimits limits)
    {
        _transfer = transfer;
        _tree = tree;
        _source = source;
        _cipher = cipher;
        _exit = exit;
        _limits = limits;
    }

    /// <summary>Bytes of chunks that have left.</summary>
    public long SentBytes { get; private set; }

    /// <summary>The receiver asks. False where it asks for more than it may, or not in order: then it is not to be trusted.</summary>
    public bool Ask(AskChunks ask, ReadOnlySpan<byte> listed)
    {
        if (listed.Length % Chunk.ListedBytes != 0 || ask.First <= 0)
            return false;
        Chunk[] chunks = TreeDocument.Read(listed);
        lock (_lock)
        {
            if ((ulong)ask.First <= _lastNumber || !Acknowledge(ask.Received))
                return false;
            // Only to say what has come.
            if (chunks.Length == 0)
                return true;
            _open += chunks.Sum(BytesOf);
            // What is asked for beside the window is what a receiver thought it had.
            if (_open > _limits.MaxChunkWindow + ((_limits.ParallelFiles + 1) * Chunker.MaxBytes) || _asked.Count + _sent.Count + chunks.Length > _limits.MaxChunksAhead + _limits.ParallelFiles + 1)
                return false;
            foreach ((int i, Chunk chunk) in chunks.Index())
                _asked.Enqueue(((ulong)ask.First + (ulong)i, chunk));
            _lastNumber = (ulong)ask.First + (ulong)chunks.Length - 1;
            Run();
        }

        return true;
    }

    /// <summary>Sends no more.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_over.IsCancellationRequested)
                return;
            _over.Cancel();
            Acknowledge(_acknowledged + _sent.Count);
        }
    }

    // While one chunk leaves the next is read; they leave in the order in which they were sealed.
    private async Task SendAsync()
    {
        Task<SendOutcome> leaving = Task.FromResult(SendOutcome.Sent);
        while (Next() is var (number, chunk))
        {
            try
            {
                HandedFrame? frame = await ReadAsync(number, chunk).ConfigureAwait(false);
                if (frame is null || await leaving.ConfigureAwait(false) != SendOutcome.Sent)
                    Dispose();
                else
                    leaving = _exit.Send(frame);
            }
            catch (OperationCanceledException)
            {
                Dispose();
            }
            catch (Exception exception)
            {
                Refuse(number, chunk, exception);
            }
        }

        if (await leaving.ConfigureAwait(false) != SendOutcome.Sent)
            Dispose();
        lock (_lock)
        {
            _running = false;
            // What was asked for in the moment before waits for nobody else.
            if (!_over.IsCancellationRequested && _asked.Count > 0)
                Run();
        }
    }

    private (ulong Number, Chunk Chunk)? Next()
    {
        lock (_lock)
            return !_over.IsCancellationRequested && _asked.TryDequeue(out (ulong, Chunk) next) ? next : null;
    }

    private void Run()
    {
        if (_running)
            return;
        _running = true;
        _ = Task.Run(SendAsync);
    }

    /// <summary>The frame of a chunk; null once nothing more is sent.</summary>
    private async Task<HandedFrame?> ReadAsync(ulong number, Chunk chunk)
    {
        if (!_tree.ChunkLengths.TryGetValue(chunk.Hash, out int length) || length != chunk.Length)
            throw new PantryException(PantryErrorCode.Refused, $"The chunk {chunk.Hash} is not of the tree that this transfer is for.");
        if (_exit.Rate is { } rate)
            await rate.WaitAsync(length, _over.Token).ConfigureAwait(false);
        if (_exit.Budget is { } budget)
            await budget.TakeAsync(length, _over.Token).ConfigureAwait(false);
        bool counted = false;
        // Read, sealed and sent in one piece of memory.
        HandedFrame frame = HandedFrame.Rent(BulkFrame.LengthOf(length));
        try
        {
            await _source.ReadAsync(chunk, frame.Segment.AsMemory(BulkFrame.HeaderLength, length), _over.Token).ConfigureAwait(false);
            // Counted before it leaves: the receiver can be faster with its word than this side with the next line.
            return _cipher.Seal(frame.Segment, _transfer, number, chunk.Hash) && (counted = Count(length)) ? frame : null;
        }
        finally
        {
            if (!counted)
            {
                frame.Dispose();
                _exit.Budget?.Return(length);
            }
        }
    }

    // Its memory is given back when the receiver says that it has come.
    private bool Count(int length)
    {
        lock (_lock)
        {
            if (_over.IsCancellationRequested)
                return false;
            _sent.Enqueue(length);
            SentBytes += length;
            return true;
        }
    }

    private void Refuse(ulong number, Chunk chunk, Exception exception)
    {
        PantryException why = exception as PantryException ?? new PantryException(PantryErrorCode.InternalError, "The chunk could not be sent; the sender's log has the cause.", exception);
        _exit.Refused(new ChunkRefused((long)_transfer, (long)number, why.Code.ToString(), why.Message), exception);
        lock (_lock)
            _open -= BytesOf(chunk);
    }

    // One that is not of the tree can say anything about its length.
    private static long BytesOf(Chunk chunk) => Math.Clamp((long)chunk.Length, 0, Chunker.MaxBytes);

    private bool Acknowledge(long received)
    {
        if (received < _acknowledged || received > _acknowledged + _sent.Count)
            return false;
        for (; _acknowledged < received; _acknowledged++)
        {
            int length = _sent.Dequeue();
            _open -= length;
            _exit.Budget?.Return(length);
        }

        return true;
    }
}

/// <summary>How chunks leave a sender.</summary>
/// <param name="Send">Sends a frame, which is its own from then on, and waits while the link is congested.</param>
/// <param name="Refused">A chunk cannot be sent: says so to the receiver, and keeps the cause.</param>
/// <param name="Budget">Bytes that may be under way to all receivers together.</param>
/// <param name="Rate">How fast.</param>
internal sealed record ChunkExit(Func<HandedFrame, Task<SendOutcome>> Send, Action<ChunkRefused, Exception> Refused, FrameBudget? Budget = null, ByteRate? Rate = null);
