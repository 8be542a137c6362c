using System.Diagnostics;
using System.Globalization;

namespace Pantry.Bench.Fleet;

/// <summary>Times as a server's process says them.</summary>
internal static class Measure
{
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Milliseconds.</summary>
    public static async Task<string> OnceAsync(Func<Task> work)
    {
        long start = Stopwatch.GetTimestamp();
        await work();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>One after the other: microseconds that half of them took at most, and all but one in a hundred.</summary>
    public static async Task<string> TripsAsync(int count, Func<int, Task> trip)
    {
        var took = new List<double>(count);
        for (int i = 0; i < count; i++)
        {
            long start = Stopwatch.GetTimestamp();
            await trip(i);
            took.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
        }

        took.Sort();
        return string.Create(CultureInfo.InvariantCulture, $"{took[count / 2]} {took[count * 99 / 100]}");
    }

    /// <summary>After a collection: bytes of the process, bytes of managed objects, threads, open files, times of processor.</summary>
    public static string Memory()
    {
        for (int i = 0; i < 2; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        using Process own = Process.GetCurrentProcess();
        int files = Directory.Exists("/proc/self/fd") ? Directory.GetFiles("/proc/self/fd").Length : own.HandleCount;
        return string.Create(CultureInfo.InvariantCulture, $"{own.WorkingSet64} {GC.GetTotalMemory(false)} {own.Threads.Count} {files}");
    }
}

/// <summary>A server that carries out what is measured.</summary>
internal interface IFleetServed : IServed
{
    /// <summary>Carries out one measurement and says its figures.</summary>
    Task<string> DoAsync(string[] words);
}
