using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Pantry.Protocol;

/// <summary>Messages as frames: header, head as JSON, bodies as they are. No I/O, no state.</summary>
internal static class MessageCodec
{
    public static byte[][] Encode(Message message)
    {
        JsonTypeInfo type = WireJson.HeadOf(message.Kind)
            ?? throw new ArgumentException($"{message.Kind} has no head.", nameof(message));
        byte[][] frames = new byte[2 + message.Bodies.Count][];
        frames[0] = new MessageHeader(ProtocolVersion.Major, ProtocolVersion.Minor, message.Kind, message.Correlation).ToBytes();
        frames[1] = JsonSerializer.SerializeToUtf8Bytes(message.Head, type);
        for (int i = 0; i < message.Bodies.Count; i++)
            frames[2 + i] = message.Bodies[i];
        return frames;
    }

    /// <summary>Facts are small: one client's must not fill the lists of all. So are results: each is to fit into a row.</summary>
    public static int MaxHeadBytes(MessageKind kind, WireLimits limits) => kind switch
    {
        MessageKind.Register or MessageKind.FactsReport => limits.MaxRegistrationBytes,
        MessageKind.Result => limits.MaxResultHeadBytes,
        _ => limits.MaxHeadBytes,
    };

    /// <param name="frames">The frames, header first.</param>
    /// <param name="sender">What the sender is known to be; kinds it may not send are refused before their head is read.</param>
    /// <param name="limits">Caps.</param>
    /// <param name="message">The message.</param>
    /// <param name="header">The header, as soon as it could be read.</param>
    public static DecodeFault TryDecode(
        IReadOnlyList<byte[]> frames, Senders sender, WireLimits limits, out Message? message, out MessageHeader header)
    {
        message = null;
        header = default;
        if (frames.Count == 0 || !MessageHeader.TryRead(frames[0], out header))
            return DecodeFault.NoHeader;
        if (!ProtocolVersion.Understands(header.Major))
            return DecodeFault.UnknownVersion;
        if (frames.Count < 2 || frames.Count > limits.MaxFrames)
            return DecodeFault.TooManyFrames;
        if (WireJson.HeadOf(header.Kind) is not { } type)
            return DecodeFault.UnknownKind;
        if ((header.Kind.MayBeSentBy() & sender) == 0)
            return DecodeFault.WrongDirection;
        if (frames[1].Length > MaxHeadBytes(header.Kind, limits))
            return DecodeFault.TooLarge;

        try
        {
            if (WireJson.HasNullInList(frames[1]) || JsonSerializer.Deserialize(frames[1], type) is not { } head)
                return DecodeFault.BadHead;
            message = new Message(header.Kind, head, header.Correlation) { Bodies = [.. frames.Skip(2)] };
            return DecodeFault.None;
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException or FormatException
            or ArgumentException or OverflowException or InvalidOperationException)
        {
            return DecodeFault.BadHead;
        }
    }
}
