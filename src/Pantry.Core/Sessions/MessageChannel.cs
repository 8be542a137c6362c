using Pantry.Protocol;

namespace Pantry.Sessions;

/// <summary>
/// The one point where messages become bytes and bytes become messages: encoded, cut, sealed; opened, put together,
/// decoded. One for each peer; no I/O and no clock. Sealing and opening may run beside each other, each by one caller at a time.
/// </summary>
internal sealed class MessageChannel(IMessageSeal seal, WireLimits limits)
{
    private readonly Reassembly _reassembly = new(limits);
    private ulong _lastNumber;

    /// <summary>The transport messages to send, in order.</summary>
    public IEnumerable<byte[][]> Seal(Message message)
    {
        byte[][] frames = MessageCodec.Encode(message);
        if (frames[1].Length > MessageCodec.MaxHeadBytes(message.Kind, limits))
        {
            throw new PantryException(PantryErrorCode.MessageTooLarge,
                $"The head of {message.Kind} has {frames[1].Length:N0} bytes; {MessageCodec.MaxHeadBytes(message.Kind, limits):N0} is the most.");
        }

        return Fragments.Needed(frames, limits)
            ? Fragments.Cut(frames, Interlocked.Increment(ref _lastNumber), limits).Select(seal.Seal)
            : [seal.Seal(frames)];
    }

    /// <summary>Opens a transport message.</summary>
    /// <param name="transportFrames">The frames as they came.</param>
    /// <param name="sender">What the peer is known to be.</param>
    /// <param name="mayFragment">Whether fragments are taken: not from a peer that has not introduced itself.</param>
    public Opened Open(byte[][] transportFrames, Senders sender, bool mayFragment = true)
    {
        if (seal.Open(transportFrames) is not { } frames)
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
}

/// <summary>What a transport message turned out to be; without fault and message, a fragment with more to come.</summary>
internal readonly record struct Opened(DecodeFault Fault, Message? Message = null, MessageHeader Header = default);
