using System.Net;
using System.Net.Sockets;

namespace Pantry.Transport.Gates;

/// <summary>What counts as one address wherever addresses have a share: one IPv4 address, or the /64 of an IPv6 one, for whoever has one address of it has them all.</summary>
internal static class AddressShare
{
    public static UInt128 Of(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        IPAddress mapped = address.AddressFamily == AddressFamily.InterNetwork ? address.MapToIPv6() : address;
        mapped.TryWriteBytes(bytes, out _);
        if (!mapped.IsIPv4MappedToIPv6 && !IPAddress.IsLoopback(mapped))
            bytes[8..].Clear();
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    /// <summary>The share of an address as text; all that is no address has one share.</summary>
    public static UInt128 Of(string address) => IPAddress.TryParse(address, out IPAddress? parsed) ? Of(parsed) : UInt128.Zero;
}
