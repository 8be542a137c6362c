using System.Buffers.Binary;

namespace Pantry.Storage;

/// <summary>Lists of bytes in one value: one behind the other, each after its length.</summary>
internal static class ByteLists
{
    private const int LengthBytes = 4;

    public static byte[] ToBytes(IReadOnlyList<byte[]> lists)
    {
        byte[] bytes = new byte[lists.Sum(list => LengthBytes + list.Length)];
        int at = 0;
        foreach (byte[] list in lists)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), list.Length);
            list.CopyTo(bytes, at + LengthBytes);
            at += LengthBytes + list.Length;
        }

        return bytes;
    }

    /// <exception cref="FormatException">The bytes are no such lists.</exception>
    public static IReadOnlyList<byte[]> ToLists(ReadOnlySpan<byte> bytes)
    {
        var lists = new List<byte[]>();
        while (bytes.Length > 0)
        {
            if (bytes.Length < LengthBytes)
                throw new FormatException("A list of bytes ends in its length.");
            int length = BinaryPrimitives.ReadInt32LittleEndian(bytes);
            if (length < 0 || length > bytes.Length - LengthBytes)
                throw new FormatException("A list of bytes is longer than what there is.");
            lists.Add(bytes.Slice(LengthBytes, length).ToArray());
            bytes = bytes[(LengthBytes + length)..];
        }

        return lists;
    }
}
