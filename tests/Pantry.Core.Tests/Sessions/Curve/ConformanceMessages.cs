namespace Pantry.Tests.Sessions.Curve;

/// <summary>What is sent both ways: empty and odd sizes, several parts, and a megabyte.</summary>
internal static class ConformanceMessages
{
    public static IReadOnlyList<byte[][]> All { get; } =
    [
        ["hello"u8.ToArray()],
        [[]],
        [Bytes(222), [], Bytes(223), Bytes(31), Bytes(64)],
        [Bytes(255), Bytes(256), Bytes(8192)],
        [Bytes(1 << 20)],
    ];

    private static byte[] Bytes(int length)
    {
        byte[] bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }
}
