using Pantry.Configuration;
using Pantry.Files;
using Pantry.Sessions;
using Pantry.Transport.Gates;

namespace Pantry.Transfers;

/// <summary>
/// The receiver of a transfer: asks for chunks, a window of bytes ahead of what was taken, and gives each to who waits for it. When the link is
/// lost, what had not come is asked for again on the next one. No I/O and no clock.
/// </summary>
internal sealed class ChunkFetching(FileLimits limits) : IChunkSource, IDisposable
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Chunk> _expected = [];

    // Somebody waits for these, and what fills the window may wait behind them: they are asked for beside it.
    private readonly List<Chunk> _urgent = [];
    private readonly Dictionary<ContentHash, Wanted> _wanted = [];
    private readonly Dictionary<ulong, Wanted> _asked = [];
    private AskForChunks? _ask;
    private int _window;
    private long _ahead;
    private int _chunksAhead;
    private ulong _lastNumber;
    private long _received;
    private Exception? _failure;

    /// <summary>Bytes of chunks that have come.</summary>
    public long ReceivedBytes { get; private set; }

    /// <summary>Called when a chunk was not sealed by the other side.</summary>
    public Action? Forged { get; init; }

    /// <summary>Called when a chunk has come that the other side has sealed.</summary>
    public Action? Opened { get; init; }

    /// <summary>Chunks can be asked for from now on.</summary>
    /// <param name="window">Bytes to ask for ahead.</param>
    /// <param name="ask">Sends the question.</param>
    /// <param name="lost">Cancelled before <see cref="Detach"/> when the link is lost: who comes too late for one must not be taken for the next.</param>
    public void Attach(int window, AskForChunks ask, CancellationToken lost = default)
    {
        lock (_lock)
        {
            if (lost.IsCancellationRequested)
                return;
            _window = window;
            _ask = ask;
            _lastNumber = 0;
            _received = 0;
            Pump();
        }
    }

    /// <summary>The link is gone: what was asked for does not come any more.</summary>
    public void Detach()
    {
        lock (_lock)
        {
            _ask = null;
            // In their order, before all that was not asked for yet.
            foreach (Wanted lost in _asked.Values.OrderByDescending(wanted => wanted.Number))
            {
                lost.Number = 0;
                NoteAhead(-lost.Chunk.Length);
                if (lost.IsUrgent)
                    _urgent.Add(lost.Chunk);
                else
                    _expected.AddFirst(lost.Chunk);
            }

            _asked.Clear();
        }
    }

    /// <summary>Nothing comes any more, and whoever waits is told why.</summary>
    public void Fail(Exception why)
    {
        lock (_lock)
        {
            _failure ??= why;
            foreach (Wanted wanted in _wanted.Values)
                wanted.Arrival.TrySetException(_failure);
        }
    }

    public void Expect(IReadOnlyList<Chunk> chunks)
    {
        lock (_lock)
        {
            foreach (Chunk chunk in chunks)
            {
                if (_wanted.TryAdd(chunk.Hash, new Wanted(chunk)))
                    _expected.AddLast(chunk);
            }

            Pump();
        }
    }

    /// <summary>
    /// Takes a frame that has come, and its memory. False where its counter does not grow, or it has another length than what was asked for: then it is nobody's who has the key.
    /// </summary>
    public bool Take(HandedFrame frame, BulkCipher cipher)
    {
        (_, ulong number, _) = BulkFrame.ReadHeader(frame.Bytes);
        bool isNext = cipher.IsNext(frame.Bytes);
        lock (_lock)
        {
            // One that nobody asked for on this link is let fall; of the others no more waits to be opened than was asked for.
            bool isAsked = _asked.TryGetValue(number, out Wanted? wanted);
            if (!isNext || !isAsked || frame.Length != BulkFrame.LengthOf(wanted!.Chunk.Length))
            {
                frame.Dispose();
                return isNext && !isAsked;
            }

            _asked.Remove(number);
            _received++;
            wanted.Arrival.TrySetResult((frame, cipher));
            // No further question would say that the last ones have come.
            if (_asked.Count == 0 && _expected.Count == 0)
                _ask?.Invoke(_lastNumber + 1, [], _received);
            return true;
        }
    }

    /// <summary>The other side cannot send a chunk.</summary>
    public void TakeRefusal(ulong number, PantryException why)
    {
        lock (_lock)
        {
            if (_asked.Remove(number, out Wanted? wanted))
                wanted.Arrival.TrySetException(why);
        }
    }

    public async ValueTask ReadAsync(Chunk chunk, Memory<byte> into, CancellationToken cancellation)
    {
        while (true)
        {
            Wanted wanted = Want(chunk);
            (HandedFrame frame, BulkCipher cipher) = await wanted.Arrival.Task.WaitAsync(cancellation).ConfigureAwait(false);
            using (frame)
            {
                if (cipher.Open(frame.Bytes, chunk.Hash, into.Span[..chunk.Length]))
                {
                    Done(wanted);
                    return;
                }
            }

            AskAgain(wanted);
            Forged?.Invoke();
        }
    }

    public void Dispose() => Fail(new ObjectDisposedException(nameof(ChunkFetching)));

    // One that was not expected, for it was thought to be here, is asked for at once: somebody waits.
    private Wanted Want(Chunk chunk)
    {
        lock (_lock)
        {
            if (_failure is not null)
                throw _failure;
            if (!_wanted.TryGetValue(chunk.Hash, out Wanted? wanted))
            {
                _wanted[chunk.Hash] = wanted = new Wanted(chunk) { IsUrgent = true };
                _urgent.Add(chunk);
                Pump();
            }

            return wanted;
        }
    }

    private void Done(Wanted wanted)
    {
        lock (_lock)
        {
            _wanted.Remove(wanted.Chunk.Hash);
            NoteAhead(-wanted.Chunk.Length);
            ReceivedBytes += wanted.Chunk.Length;
            Pump();
        }

        Opened?.Invoke();
    }

    private void AskAgain(Wanted wanted)
    {
        lock (_lock)
        {
            NoteAhead(-wanted.Chunk.Length);
            wanted.Arrival = NewArrival();
            wanted.IsUrgent = true;
            _urgent.Add(wanted.Chunk);
        }
    }

    // Not for every chunk: a question for some at a time costs less. The last ones are asked for as soon as there is room.
    private void Pump()
    {
        if (_ask is null)
            return;
        if (_urgent.Count > 0)
        {
            Chunk[] urgent = [.. _urgent];
            _urgent.Clear();
            Ask(urgent);
        }

        if (_expected.Count == 0)
            return;
        long room = _window - _ahead;
        int most = limits.MaxChunksAhead - _chunksAhead;
        if (_ahead > 0 && (room < _window / 4 || most < limits.MaxChunksAhead / 4))
            return;
        int count = 0;
        for (LinkedListNode<Chunk>? next = _expected.First; next is not null && count < most && (room >= next.Value.Length || _ahead + count == 0); next = next.Next)
        {
            room -= next.Value.Length;
            count++;
        }

        if (count == 0)
            return;
        Chunk[] due = [.. _expected.Take(count)];
        for (; count > 0; count--)
            _expected.RemoveFirst();
        Ask(due);
    }

    private void Ask(Chunk[] chunks)
    {
        ulong first = _lastNumber + 1;
        foreach (Chunk chunk in chunks)
        {
            Wanted wanted = _wanted[chunk.Hash];
            wanted.Number = ++_lastNumber;
            _asked[wanted.Number] = wanted;
            NoteAhead(chunk.Length);
        }

        _ask!(first, chunks, _received);
    }

    private void NoteAhead(int bytes)
    {
        _ahead += bytes;
        _chunksAhead += Math.Sign(bytes);
    }

    private static TaskCompletionSource<(HandedFrame Frame, BulkCipher Cipher)> NewArrival() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Wanted(Chunk chunk)
    {
        public Chunk Chunk => chunk;

        public ulong Number { get; set; }

        /// <summary>Whether it is asked for beside the window.</summary>
        public bool IsUrgent { get; set; }

        public TaskCompletionSource<(HandedFrame Frame, BulkCipher Cipher)> Arrival { get; set; } = NewArrival();
    }
}

/// <summary>Asks for chunks; must not wait.</summary>
/// <param name="first">Number of the first.</param>
/// <param name="chunks">The chunks.</param>
/// <param name="received">How many have come on this link.</param>
internal delegate void AskForChunks(ulong first, IReadOnlyList<Chunk> chunks, long received);
