using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Pantry.Commands;

/// <summary>
/// Ends a process with everything it started: first by asking, then by force. On Linux descendants are known by a mark in
/// their environment, so that one which detached itself from its parent is found too.
/// </summary>
internal static partial class ProcessTree
{
    public const string MarkVariable = "PANTRY_PROCESS_MARK";

    private const int Terminate = 15;
    private const int Kill = 9;
    private const int ForcedRounds = 10;

    /// <summary>Ends the tree; afterwards no marked process is left, or all was tried.</summary>
    public static async Task EndAsync(Process root, string mark, TimeSpan grace)
    {
        if (!OperatingSystem.IsLinux())
        {
            EndByForce(root);
            await WaitAsync(root, grace).ConfigureAwait(false);
            return;
        }

        // Where another user's environment is closed to us, as to root in some containers, the tree is known by its
        // parents alone: it is ended while they all still stand.
        if (!root.HasExited && !Marked(mark).Contains(root.Id))
            EndByForce(root);

        Signal(mark, Terminate);
        long asked = Stopwatch.GetTimestamp();
        while (Marked(mark).Count > 0 && Stopwatch.GetElapsedTime(asked) < grace)
            await Task.Delay(20).ConfigureAwait(false);

        // A process may fork between being found and being killed: look again until none is left.
        for (int round = 0; round < ForcedRounds && Marked(mark).Count > 0; round++)
        {
            Signal(mark, Kill);
            EndByForce(root);
            await Task.Delay(20).ConfigureAwait(false);
        }

        await WaitAsync(root, grace).ConfigureAwait(false);
    }

    /// <summary>Ids of the processes that carry the mark.</summary>
    [SupportedOSPlatform("linux")]
    public static IReadOnlyList<int> Marked(string mark)
    {
        var found = new List<int>();
        byte[] wanted = System.Text.Encoding.ASCII.GetBytes($"{MarkVariable}={mark}");
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out int id))
                continue;
            try
            {
                if (File.ReadAllBytes(Path.Combine(directory, "environ")).AsSpan().IndexOf(wanted) >= 0)
                    found.Add(id);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // It has ended, or is another user's and so none of ours.
            }
        }

        return found;
    }

    [SupportedOSPlatform("linux")]
    private static void Signal(string mark, int signal)
    {
        foreach (int id in Marked(mark))
            _ = SendSignal(id, signal);
    }

    private static void EndByForce(Process root)
    {
        try
        {
            root.Kill(entireProcessTree: true);
        }
        catch (Exception exception) when (exception is InvalidOperationException or AggregateException or System.ComponentModel.Win32Exception)
        {
            // It has ended by itself.
        }
    }

    private static async Task WaitAsync(Process root, TimeSpan time)
    {
        using var deadline = new CancellationTokenSource(time);
        await root.WaitForExitAsync(deadline.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}
