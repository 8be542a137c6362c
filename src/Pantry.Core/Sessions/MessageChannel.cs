using Pantry.Protocol;
using Pantry.Sessions.Curve;

namespace Pantry.Sessions;

/// <summary>
/// The one point where messages become bytes and bytes become messages: encoded, cut, sealed; opened, put together,
/// decoded. One for each peer; no I/O and no clock. Sealing and opening may run beside each other, each by one caller at a
/// time, and what is sealed must leave in that order.
/// </summary>
internal sealed class MessageChannel(CurveSession session, WireLimits limits) : IDisposable
{
    private readonly Reassembly _reassembly = new(limits);
    private readonly Lock _sealingLock = new();
    private readonly Lock _openingLock = new();
    // Keys that are opened with and whose turn to seal has not come: they are in use, whatever came after them.
    private readonly Queue<CurveSession> _toSeal = new();
    private CurveSession? _sealing = session;
    private CurveSession? _opening = session;
    private ulong _lastNumber;
    private bool _disposed;

    /// <summary>Frames sealed and opened under the present keys.</summary>
    public ulong Frames => (_sealing?.Sealed ?? 0) + (_opening?.Opened ?? 0);

    /// <summary>What comes from now on is under new keys, which are this channel's.</summary>
    public void OpenWith(CurveSession renewed)
    {
        lock (_sealingLock)
        {
            lock (_openingLock)
            {
                if (_disposed)
                {
                    renewed.Dispose();
                    return;
                }

                CurveSession? before = _opening;
                _opening = renewed;
                _toSeal.Enqueue(renewed);
                WipeUnused(before);
            }
        }
    }

    /// <summary>What goes from now on is under new keys; they take their turn in the order in which they came.</summary>
    public void SealWith(CurveSession renewed)
    {
        lock (_sealingLock)
        {
            lock (_openingLock)
            {
                if (_disposed)
                {
                    renewed.Dispose();
                    return;
                }

                CurveSession? before = _sealing;
                _sealing = renewed;
                while (_toSeal.Contains(renewed))
                    WipeUnused(_toSeal.Dequeue());
                WipeUnused(before);
            }
        }
    }

    /// <summary>The transport messages that a message becomes, in order; each is sealed when its turn to leave has come.</summary>
    public IEnumerable<byte[][]> Cut(Message message)
    {
        byte[][] frames = MessageCodec.Encode(message);
        if (frames[1].Length > MessageCodec.MaxHeadBytes(message.Kind, limits))
        {
            throw new PantryException(PantryErrorCode.MessageTooLarge,
                $"The head of {message.Kind} has {frames[1].Length:N0} bytes; {MessageCodec.MaxHeadBytes(message.Kind, limits):N0} is the most.");
        }

        return Fragments.Needed(frames, limits) ? Fragments.Cut(frames, Interlocked.Increment(ref _lastNumber), limits) : [frames];
    }

    /// <summary>The frames as they go over the wire; null once the channel is closed.</summary>
    public byte[][]? Seal(byte[][] frames)
    {
        lock (_sealingLock)
            return _sealing is { } current ? SessionSeal.Seal(current, frames) : null;
    }

    /// <summary>Opens a transport message.</summary>
    /// <param name="transportFrames">The frames as they came.</param>
    /// <param name="sender">What the peer is known to be.</param>
    /// <param name="mayFragment">Whether fragments are taken: not from a peer that has not introduced itself.</param>
    public Opened Open(byte[][] transportFrames, Senders sender, bool mayFragment = true)
    {
        byte[][]? frames;
        lock (_openingLock)
            frames = _opening is { } current ? SessionSeal.Open(current, transportFrames) : null;
        if (frames is null)
            return new Opened(DecodeFault.NotSealed);

        if (frames.Length > 0 && MessageHeader.TryRead(frames[0], out MessageHeader first)
            && ProtocolVersion.Understands(first.Major) && first.Kind == MessageKind.Fragment)
        {
            if (!mayFragment)
                return new Opened(DecodeFault.BadFragment, Header: first);
            DecodeFault fault = _reassembly.Add(frames, first.Correlation, out byte[][]? whole);
            if (whole is null)
                return new Opened(fault, Header: first);
            frames = whole;
        }

        DecodeFault decoded = MessageCodec.TryDecode(frames, sender, limits, out Message? message, out MessageHeader header);
        return new Opened(decoded, message, header);
    }

    /// <summary>Wipes the keys; nothing is sealed or opened any more.</summary>
    public void Dispose()
    {
        // Both at once: the two may share their keys.
        lock (_sealingLock)
        {
            lock (_openingLock)
            {
                _disposed = true;
                _sealing?.Dispose();
                _opening?.Dispose();
                (_sealing, _opening) = (null, null);
                while (_toSeal.TryDequeue(out CurveSession? waiting))
                    waiting.Dispose();
            }
        }
    }

    private void WipeUnused(CurveSession? keys)
    {
        if (keys is not null && keys != _sealing && keys != _opening && !_toSeal.Contains(keys))
            keys.Dispose();
    }
}

/// <summary>What a transport message turned out to be; without fault and message, a fragment with more to come.</summary>
internal readonly record struct Opened(DecodeFault Fault, Message? Message = null, MessageHeader Header = default);
