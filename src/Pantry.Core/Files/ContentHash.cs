using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Pantry.Files;

/// <summary>The SHA-256 of some bytes, by which they are known wherever they lie.</summary>
internal readonly record struct ContentHash : IComparable<ContentHash>
{
    public const int Length = 32;

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");

    private readonly ulong _a, _b, _c, _d;

    private ContentHash(ReadOnlySpan<byte> bytes)
    {
        _a = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _b = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        _c = BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]);
        _d = BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]);
    }

    /// <summary>That of no bytes at all.</summary>
    public static ContentHash OfNothing { get; } = Of([]);

    public static ContentHash Of(ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[Length];
        SHA256.HashData(content, hash);
        return new ContentHash(hash);
    }

    /// <summary>What an incremental hash has come to; it begins anew.</summary>
    public static ContentHash Take(IncrementalHash hash)
    {
        Span<byte> bytes = stackalloc byte[Length];
        hash.GetHashAndReset(bytes);
        return new ContentHash(bytes);
    }

    /// <summary>The hash that stands in the first 32 bytes.</summary>
    public static ContentHash Read(ReadOnlySpan<byte> bytes) => new(bytes[..Length]);

    /// <summary>Reads the 64 hexadecimal digits, in lower case, that <see cref="ToString"/> writes.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out ContentHash hash)
    {
        hash = default;
        Span<byte> bytes = stackalloc byte[Length];
        if (text.Length != 2 * Length || text.ContainsAnyExcept(Digits)
            || Convert.FromHexString(text, bytes, out _, out _) != OperationStatus.Done)
        {
            return false;
        }

        hash = new ContentHash(bytes);
        return true;
    }

    public void CopyTo(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64BigEndian(bytes, _a);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], _b);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[16..], _c);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[24..], _d);
    }

    public int CompareTo(ContentHash other)
    {
        int order = _a.CompareTo(other._a);
        if (order == 0)
            order = _b.CompareTo(other._b);
        if (order == 0)
            order = _c.CompareTo(other._c);
        return order == 0 ? _d.CompareTo(other._d) : order;
    }

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Length];
        CopyTo(bytes);
        return Convert.ToHexStringLower(bytes);
    }
}
