using System.Buffers.Binary;

namespace Pantry.Protocol;

/// <summary>
/// Puts the fragments of one peer's messages together. Memory grows with what has arrived, never with what was
/// announced; fragments of one message come in order, those of several may interleave.
/// </summary>
internal sealed class Reassembly(WireLimits limits)
{
    private const int SmallestPiece = 1024;

    private readonly Dictionary<ulong, Incomplete> _incomplete = [];
    private long _held;
    private long _fed;

    /// <summary>Bytes held for incomplete messages.</summary>
    public long HeldBytes => _held;

    /// <param name="frames">A fragment's three frames.</param>
    /// <param name="number">The number in its header.</param>
    /// <param name="whole">The message's frames, once complete.</param>
    public DecodeFault Add(IReadOnlyList<byte[]> frames, ulong number, out byte[][]? whole)
    {
        whole = null;
        if (frames.Count != 3 || frames[1].Length != Fragments.PlaceLength || frames[2].Length == 0)
            return Drop(number, DecodeFault.BadFragment);

        int index = BinaryPrimitives.ReadInt32BigEndian(frames[1]);
        int count = BinaryPrimitives.ReadInt32BigEndian(frames[1].AsSpan(4));
        int total = BinaryPrimitives.ReadInt32BigEndian(frames[1].AsSpan(8));
        if (total <= 0 || total > limits.MaxMessageBytes)
            return Drop(number, DecodeFault.TooLarge);

        if (index == 0)
        {
            Drop(number, DecodeFault.None);
            // Pieces cost more than their bytes: a large message does not come in slivers.
            if (count > (total / Math.Min(SmallestPiece, limits.FragmentBytes)) + 1)
                return DecodeFault.BadFragment;
            // One whose sender gave up would hold its place for ever.
            if (_incomplete.Count == limits.MaxIncompleteMessages)
                Drop(_incomplete.MinBy(pair => pair.Value.LastFed).Key, DecodeFault.None);
            _incomplete[number] = new Incomplete(count, total);
        }

        if (!_incomplete.TryGetValue(number, out Incomplete? message) || !message.Fits(index, count, total, frames[2].Length))
            return Drop(number, DecodeFault.BadFragment);
        if (_held + frames[2].Length > limits.MaxIncompleteBytes)
            return Drop(number, DecodeFault.TooLarge);

        message.LastFed = ++_fed;
        message.Pieces.Add(frames[2]);
        message.Received += frames[2].Length;
        _held += frames[2].Length;
        if (message.Pieces.Count < message.Count)
            return DecodeFault.None;

        byte[] joined = new byte[message.Received];
        int offset = 0;
        foreach (byte[] piece in message.Pieces)
        {
            piece.CopyTo(joined, offset);
            offset += piece.Length;
        }

        bool complete = message.Received == message.Total;
        Drop(number, DecodeFault.None);
        whole = complete ? Fragments.Split(joined, limits) : null;
        return whole is null ? DecodeFault.BadFragment : DecodeFault.None;
    }

    private DecodeFault Drop(ulong number, DecodeFault fault)
    {
        if (_incomplete.Remove(number, out Incomplete? message))
            _held -= message.Received;
        return fault;
    }

    private sealed class Incomplete(int count, int total)
    {
        public int Count { get; } = count;

        public int Total { get; } = total;

        public int Received { get; set; }

        public long LastFed { get; set; }

        public List<byte[]> Pieces { get; } = [];

        public bool Fits(int index, int fragments, int bytes, int length) =>
            index == Pieces.Count && index < Count && fragments == Count && bytes == Total && Received + length <= Total;
    }
}
