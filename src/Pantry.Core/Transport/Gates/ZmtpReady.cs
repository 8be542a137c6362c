using System.Buffers.Binary;
using System.Text;

namespace Pantry.Transport.Gates;

/// <summary>The READY command: ours as bytes, and the judgement of a peer's.</summary>
internal static class ZmtpReady
{
    /// <summary>Flags of a short command frame.</summary>
    public const byte CommandFlags = 0x04;

    private static ReadOnlySpan<byte> Name => "\u0005READY"u8;

    private static ReadOnlySpan<byte> SocketType => "Socket-Type"u8;

    private static ReadOnlySpan<byte> Identity => "Identity"u8;

    /// <summary>
    /// Greeting and READY in one piece, so that a handshake costs no more round trips than TCP's own. The identity is
    /// always there. A foreign peer is told an empty one; our own ROUTER is told the link's.
    /// </summary>
    public static byte[] Hello(ZmtpSocketType local, params ReadOnlySpan<byte> identity)
    {
        byte[] type = Encoding.ASCII.GetBytes(local.WireName());
        byte[] body = [.. Name, .. Property(SocketType, type), .. Property(Identity, identity)];
        byte[] hello = new byte[ZmtpGreeting.Length + 2 + body.Length];
        ZmtpGreeting.Write(hello);
        hello[ZmtpGreeting.Length] = CommandFlags;
        hello[ZmtpGreeting.Length + 1] = (byte)body.Length;
        body.CopyTo(hello.AsSpan(ZmtpGreeting.Length + 2));
        return hello;
    }

    /// <summary>Judges the body of a READY frame.</summary>
    /// <param name="body">The frame's body.</param>
    /// <param name="accepts">Whether a socket type is welcome.</param>
    /// <param name="seenType">The socket type that was named, for the error.</param>
    public static GateRefusal Check(ReadOnlySpan<byte> body, Func<string, bool> accepts, out string? seenType)
    {
        seenType = null;
        if (!body.StartsWith(Name))
            return GateRefusal.MalformedReady;

        bool identitySeen = false;
        ReadOnlySpan<byte> rest = body[Name.Length..];
        while (!rest.IsEmpty)
        {
            if (!TryReadProperty(ref rest, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value))
                return GateRefusal.MalformedReady;

            if (Ascii.EqualsIgnoreCase(name, SocketType) && seenType is null)
            {
                seenType = PrintableBytes.Show(value);
            }
            else if (Ascii.EqualsIgnoreCase(name, Identity) && !identitySeen)
            {
                identitySeen = true;
                if (!value.IsEmpty)
                    return GateRefusal.IdentityNotEmpty;
            }
            else
            {
                return GateRefusal.MalformedReady;
            }
        }

        if (seenType is null)
            return GateRefusal.MalformedReady;
        return accepts(seenType) ? GateRefusal.None : GateRefusal.WrongSocketType;
    }

    private static bool TryReadProperty(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        name = value = default;
        int nameLength = rest[0];
        if (nameLength == 0 || rest.Length < 1 + nameLength + sizeof(uint))
            return false;

        name = rest.Slice(1, nameLength);
        uint valueLength = BinaryPrimitives.ReadUInt32BigEndian(rest[(1 + nameLength)..]);
        rest = rest[(1 + nameLength + sizeof(uint))..];
        if (valueLength > rest.Length)
            return false;

        value = rest[..(int)valueLength];
        rest = rest[(int)valueLength..];
        return true;
    }

    private static byte[] Property(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        byte[] property = new byte[1 + name.Length + sizeof(uint) + value.Length];
        property[0] = (byte)name.Length;
        name.CopyTo(property.AsSpan(1));
        BinaryPrimitives.WriteUInt32BigEndian(property.AsSpan(1 + name.Length), (uint)value.Length);
        value.CopyTo(property.AsSpan(1 + name.Length + sizeof(uint)));
        return property;
    }
}
