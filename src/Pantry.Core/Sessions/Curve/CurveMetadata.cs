using System.Buffers.Binary;
using System.Text;

namespace Pantry.Sessions.Curve;

/// <summary>
/// What a side says of itself in INITIATE or READY: names and values in the form of ZMTP's properties. Names are ASCII
/// and the same in any case; values are bytes.
/// </summary>
internal sealed class CurveMetadata
{
    public const int MaxCount = 32;
    public const int MaxBytes = 4096;

    private const int MaxNameLength = 255;
    private const int LengthsOfOne = 5;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly OrderedDictionary<string, byte[]> _values = new(StringComparer.OrdinalIgnoreCase);
    private int _bytes;

    /// <exception cref="ArgumentException">A name is none or comes twice, or it is too much in all.</exception>
    public CurveMetadata(IEnumerable<KeyValuePair<string, byte[]>> properties)
    {
        foreach ((string name, byte[] value) in properties)
        {
            if (!TryAdd(name, value.AsSpan()))
                throw new ArgumentException($"The property '{name}' cannot be in the metadata: its name is none or comes twice, or it is too much in all.", nameof(properties));
        }
    }

    private CurveMetadata()
    {
    }

    public int Count => _values.Count;

    public static CurveMetadata Of(params ReadOnlySpan<(string Name, string Value)> properties)
    {
        var pairs = new KeyValuePair<string, byte[]>[properties.Length];
        for (int i = 0; i < pairs.Length; i++)
            pairs[i] = new KeyValuePair<string, byte[]>(properties[i].Name, Utf8.GetBytes(properties[i].Value));
        return new CurveMetadata(pairs);
    }

    /// <summary>Null where the bytes are no metadata, or more than the caps allow.</summary>
    public static CurveMetadata? TryDecode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaxBytes)
            return null;
        var metadata = new CurveMetadata();
        while (!bytes.IsEmpty)
        {
            int nameLength = bytes[0];
            if (bytes.Length < nameLength + LengthsOfOne)
                return null;
            string name = Encoding.Latin1.GetString(bytes.Slice(1, nameLength));
            uint length = BinaryPrimitives.ReadUInt32BigEndian(bytes[(1 + nameLength)..]);
            bytes = bytes[(LengthsOfOne + nameLength)..];
            if (length > (uint)bytes.Length || !metadata.TryAdd(name, bytes[..(int)length]))
                return null;
            bytes = bytes[(int)length..];
        }

        return metadata;
    }

    /// <summary>A value as text; null where there is none of that name, or it is no UTF-8.</summary>
    public string? Text(string name)
    {
        if (!_values.TryGetValue(name, out byte[]? value))
            return null;
        try
        {
            return Utf8.GetString(value);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    public byte[] Encode()
    {
        byte[] bytes = new byte[_bytes];
        Span<byte> rest = bytes;
        foreach ((string name, byte[] value) in _values)
        {
            rest[0] = (byte)name.Length;
            Encoding.ASCII.GetBytes(name, rest[1..]);
            BinaryPrimitives.WriteInt32BigEndian(rest[(1 + name.Length)..], value.Length);
            value.CopyTo(rest[(LengthsOfOne + name.Length)..]);
            rest = rest[(LengthsOfOne + name.Length + value.Length)..];
        }

        return bytes;
    }

    private static bool IsName(string name) => name.Length is > 0 and <= MaxNameLength
        && name.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '.' or '+');

    private bool TryAdd(string name, ReadOnlySpan<byte> value)
    {
        if (_values.Count == MaxCount || !IsName(name) || value.Length > MaxBytes - LengthsOfOne - name.Length - _bytes
            || !_values.TryAdd(name, value.ToArray()))
        {
            return false;
        }

        _bytes += LengthsOfOne + name.Length + value.Length;
        return true;
    }
}
