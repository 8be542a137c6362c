using System.Globalization;
using System.Text;
using CsCheck;

namespace Pantry.Tests.Security;

/// <summary>Damaged input for decoders. How many cases a test tries the environment can raise.</summary>
internal static class Fuzz
{
    private static readonly string[] Snippets =
    [
        "null", "[]", "{}", "[null]", "\"\"", "\"\\ud800\"", "\"\\u0000\"", "-1", "1e999", "99999999999999999999", "true", "*", "..", ",", ":", "\"",
        "\"operator\":\"bob\",", "\"x\":1,", "9999-12-31T23:59:59.9999999+14:00", "0001-01-01T00:00:00-14:00", new('[', 20), "\0", "\u00ff",
    ];

    private const int DefaultIterations = 10_000;
    private const int CasesOfCostly = 10;
    private const long BytesOfCase = 256 * 1024;

    public static int Iterations { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("PANTRY_FUZZ_ITERATIONS"), NumberStyles.None, CultureInfo.InvariantCulture, out int asked) ? asked : DefaultIterations;

    /// <summary>Cases that are a connection or open a database, and cost as much as many others: a tenth in a long run.</summary>
    public static int Costly => Math.Max(Math.Min(Iterations, DefaultIterations), Iterations / CasesOfCostly);

    /// <summary>One case, which takes no more memory than one may.</summary>
    public static void Measured(Action action, long bytesOfCase = BytesOfCase)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        action();
        long taken = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(taken < bytesOfCase, $"One case took {taken:N0} bytes of memory.");
    }

    /// <summary>The bytes with up to four damages; now and then other bytes altogether.</summary>
    public static Gen<byte[]> Damaged(byte[] good) => Gen.Frequency(
        (9, Gen.Select(Gen.Double.Unit, Gen.Double.Unit, Gen.Int[0, 5], Gen.Int[0, Snippets.Length - 1], Gen.Byte).Array[0, 4].Select(damages => damages.Aggregate(good, Damage))),
        (1, Gen.Byte.Array[0, 200]));

    private static byte[] Damage(byte[] bytes, (double Where, double Length, int Kind, int Snippet, byte Value) damage)
    {
        int at = (int)(damage.Where * bytes.Length);
        int end = Math.Min(bytes.Length, at + 1 + (int)(damage.Length * 24));
        byte[] snippet = Encoding.UTF8.GetBytes(Snippets[damage.Snippet]);
        return damage.Kind switch
        {
            _ when bytes.Length == 0 => snippet,
            0 => [.. bytes[..at], (byte)(bytes[at] ^ damage.Value), .. bytes[(at + 1)..]],
            1 => bytes[..at],
            2 => [.. bytes[..at], .. bytes[end..]],
            3 => [.. bytes[..at], .. snippet, .. bytes[at..]],
            4 => Replaced(bytes, at, snippet),
            _ => [.. bytes[..end], .. bytes[at..]],
        };
    }

    // A whole value of JSON gives way, so that what comes out is often JSON again.
    private static byte[] Replaced(byte[] bytes, int at, byte[] by)
    {
        int colon = bytes.AsSpan(at).IndexOf((byte)':');
        if (colon < 0)
            return bytes;
        int start = at + colon + 1;
        int length = bytes.AsSpan(start).IndexOfAny((byte)',', (byte)'}', (byte)']');
        return length < 0 ? bytes : [.. bytes[..start], .. by, .. bytes[(start + length)..]];
    }
}
