using System.Buffers.Binary;

namespace Pantry.Protocol;

/// <summary>
/// Cuts a message that is too large for one transport message. A fragment has three frames: a header of kind
/// <see cref="MessageKind.Fragment"/> whose correlation numbers the message, a 12-byte place (index, count, total
/// bytes; big-endian), and the piece. The whole is each frame behind its 4-byte length.
/// </summary>
internal static class Fragments
{
    public const int PlaceLength = 12;

    public static bool Needed(IReadOnlyList<byte[]> frames, WireLimits limits) =>
        frames.Sum(frame => (long)frame.Length) > limits.FragmentBytes;

    public static IEnumerable<byte[][]> Cut(IReadOnlyList<byte[]> frames, ulong number, WireLimits limits)
    {
        long total = frames.Sum(frame => 4L + frame.Length);
        if (total > limits.MaxMessageBytes)
        {
            throw new PantryException(PantryErrorCode.MessageTooLarge,
                $"A message of {total:N0} bytes is larger than the protocol's {limits.MaxMessageBytes:N0}. Send less at once.");
        }

        return CutWhole(Join(frames), number, limits);
    }

    private static IEnumerable<byte[][]> CutWhole(byte[] whole, ulong number, WireLimits limits)
    {
        int count = (whole.Length + limits.FragmentBytes - 1) / limits.FragmentBytes;
        for (int index = 0; index < count; index++)
        {
            int start = index * limits.FragmentBytes;
            byte[] place = new byte[PlaceLength];
            BinaryPrimitives.WriteInt32BigEndian(place, index);
            BinaryPrimitives.WriteInt32BigEndian(place.AsSpan(4), count);
            BinaryPrimitives.WriteInt32BigEndian(place.AsSpan(8), whole.Length);
            yield return
            [
                new MessageHeader(ProtocolVersion.Major, ProtocolVersion.Minor, MessageKind.Fragment, number).ToBytes(),
                place,
                whole.AsSpan(start, Math.Min(limits.FragmentBytes, whole.Length - start)).ToArray(),
            ];
        }
    }

    /// <summary>The frames of a whole, or null where its lengths do not add up.</summary>
    public static byte[][]? Split(ReadOnlySpan<byte> whole, WireLimits limits)
    {
        var frames = new List<byte[]>(4);
        while (!whole.IsEmpty)
        {
            if (whole.Length < 4 || frames.Count == limits.MaxFrames)
                return null;
            uint length = BinaryPrimitives.ReadUInt32BigEndian(whole);
            whole = whole[4..];
            if (length > (uint)whole.Length)
                return null;
            frames.Add(whole[..(int)length].ToArray());
            whole = whole[(int)length..];
        }

        return [.. frames];
    }

    /// <summary>The whole of some frames: each behind its length.</summary>
    public static byte[] Join(IReadOnlyList<byte[]> frames)
    {
        byte[] whole = new byte[frames.Sum(frame => 4 + frame.Length)];
        Span<byte> rest = whole;
        foreach (byte[] frame in frames)
        {
            BinaryPrimitives.WriteUInt32BigEndian(rest, (uint)frame.Length);
            frame.CopyTo(rest[4..]);
            rest = rest[(4 + frame.Length)..];
        }

        return whole;
    }
}
