using System.Buffers.Binary;
using System.Text;

namespace Pantry.Tests.Attacks;

/// <summary>ZMTP as raw bytes, right ones and wrong ones.</summary>
internal static class ZmtpBytes
{
    public static byte[] Greeting(byte major = 3, byte minor = 0, string mechanism = "NULL", byte asServer = 0, byte filler = 0, byte padding = 1)
    {
        byte[] greeting = new byte[64];
        greeting[0] = 0xff;
        greeting[8] = padding;
        greeting[9] = 0x7f;
        greeting[10] = major;
        greeting[11] = minor;
        Encoding.ASCII.GetBytes(mechanism).CopyTo(greeting, 12);
        greeting[32] = asServer;
        greeting[63] = filler;
        return greeting;
    }

    public static byte[] Property(string name, byte[] value, uint? announced = null)
    {
        byte[] length = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(length, announced ?? (uint)value.Length);
        return [(byte)name.Length, .. Encoding.ASCII.GetBytes(name), .. length, .. value];
    }

    public static byte[] Property(string name, string value) => Property(name, Encoding.ASCII.GetBytes(value));

    public static byte[] Command(string name, params byte[][] rest) =>
        Frame(0x04, [(byte)name.Length, .. Encoding.ASCII.GetBytes(name), .. rest.SelectMany(part => part)]);

    public static byte[] Ready(string type, string? identity = "") => identity is null
        ? Command("READY", Property("Socket-Type", type))
        : Command("READY", Property("Socket-Type", type), Property("Identity", identity));

    /// <summary>A whole valid handshake.</summary>
    public static byte[] Hello(string type) => [.. Greeting(), .. Ready(type)];

    public static byte[] Frame(byte flags, byte[] body) => body.Length > 255
        ? [.. LongHeader(flags, (ulong)body.Length), .. body]
        : [flags, (byte)body.Length, .. body];

    public static byte[] LongHeader(byte flags, ulong length)
    {
        byte[] header = new byte[9];
        header[0] = (byte)(flags | 0x02);
        BinaryPrimitives.WriteUInt64BigEndian(header.AsSpan(1), length);
        return header;
    }

    public static byte[] Subscription(byte[] topic, byte kind = 1) => Frame(0, [kind, .. topic]);
}
