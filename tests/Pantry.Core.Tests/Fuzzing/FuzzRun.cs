using Pantry.Tests.Security;

namespace Pantry.Tests.Fuzzing;

/// <summary>Alone in the process: what other tests keep meanwhile would count as kept here.</summary>
[CollectionDefinition(nameof(FuzzRun), DisableParallelization = true)]
public sealed class FuzzRuns;

/// <summary>
/// Tries a decoder with as many damaged inputs as the environment asks for: it must end in a verdict or a
/// <see cref="PantryException"/>, take no more memory than a case is worth, and keep none.
/// </summary>
internal static class FuzzRun
{
    private const long BytesOfCase = 256 * 1024;
    public const long BytesOfByte = 200;
    private const long BytesKept = 32 * 1024 * 1024;
    private const int WarmUp = 1000;

    /// <param name="decode">Decodes an input; true where it was taken.</param>
    /// <param name="good">Inputs that are taken.</param>
    public static void Run(Func<byte[], Random, bool> decode, params byte[][] good) => Run(decode, BytesOfByte, good);

    /// <param name="decode">Decodes an input; true where it was taken.</param>
    /// <param name="bytesOfByte">Memory that a byte of input may take.</param>
    /// <param name="good">Inputs that are taken.</param>
    /// <param name="cases">How many are tried, where a case costs much; null for as many as the environment asks for.</param>
    public static void Run(Func<byte[], Random, bool> decode, long bytesOfByte, byte[][] good, int? cases = null)
    {
        var damage = new Damage(Random.Shared.Next(), good);
        foreach (byte[] input in good)
            Assert.True(decode(input, new Calm()), "What is good is not taken.");

        // What is made once, such as the texts of errors, is not a case's.
        for (int i = 0; i < WarmUp; i++)
            Try(decode, damage.Next(), damage.Random, int.MaxValue);
        long kept = GC.GetTotalMemory(forceFullCollection: true);
        int taken = 0;
        for (int i = 0; i < (cases ?? Fuzz.Iterations); i++)
        {
            byte[] input = damage.Next();
            if (Try(decode, input, damage.Random, bytesOfByte))
                taken++;
        }

        long grown = GC.GetTotalMemory(forceFullCollection: true) - kept;
        Assert.True(grown < BytesKept, $"{grown:N0} bytes of memory were kept.");
        // Some damage leaves something good, or what comes after the first check was not tried at all.
        Assert.NotEqual(0, taken);
    }

    private static bool Try(Func<byte[], Random, bool> decode, byte[] input, Random random, long bytesOfByte)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        bool taken = false;
        try
        {
            taken = decode(input, random);
        }
        catch (PantryException)
        {
            // Refused, with a reason.
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException($"{exception.GetType().Name}: {exception.Message} Input: {Convert.ToHexString(input)}", exception);
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated < BytesOfCase + (bytesOfByte * input.Length), $"{allocated:N0} bytes of memory for the {input.Length} bytes {Convert.ToHexString(input)}.");
        return taken;
    }

    /// <summary>For what is good: nothing is done differently now and then.</summary>
    private sealed class Calm : Random
    {
        public override int Next(int maxValue) => maxValue - 1;
    }
}
