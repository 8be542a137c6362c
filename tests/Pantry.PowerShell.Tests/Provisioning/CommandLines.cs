using System.Text;

namespace Pantry.PowerShell.Tests.Provisioning;

/// <summary>Looks at the command lines of all processes again and again for texts that must be in none.</summary>
internal sealed class CommandLines : IDisposable
{
    private readonly CancellationTokenSource _over = new();
    private readonly HashSet<string> _found = [];
    private readonly Task _watching;

    public CommandLines(params string[] texts) => _watching = Task.Run(() => Watch(texts));

    /// <summary>Whether a program of a name was seen: then its arguments were too.</summary>
    public HashSet<string> Programs { get; } = [];

    /// <summary>The texts that were found, once the watch is over.</summary>
    public IReadOnlyCollection<string> Stop()
    {
        _over.Cancel();
        _watching.Wait();
        return _found;
    }

    public void Dispose()
    {
        _over.Cancel();
        _over.Dispose();
    }

    private void Watch(string[] texts)
    {
        while (!_over.Token.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(20)))
        {
            foreach (string process in Directory.EnumerateDirectories("/proc").Where(path => char.IsAsciiDigit(path[^1])))
            {
                string line;
                try
                {
                    line = Encoding.UTF8.GetString(File.ReadAllBytes(Path.Combine(process, "cmdline")));
                }
                catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
                {
                    continue; // It has just ended.
                }

                Programs.UnionWith(line.Split('\0').Take(2).Select(part => Path.GetFileName(part)));
                _found.UnionWith(texts.Where(text => line.Contains(text, StringComparison.Ordinal)));
            }
        }
    }
}
