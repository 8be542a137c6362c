namespace Pantry.Tests.Commands;

/// <summary>What /proc tells of this machine's processes.</summary>
internal static class Processes
{
    /// <summary>Ids of the processes that have a text in their environment and have not ended.</summary>
    public static IReadOnlyList<int> WithVariable(string text) =>
        [.. Ids().Where(id => Read(id, "environ").Contains(text, StringComparison.Ordinal) && Read(id, "cmdline").Length > 0)];

    /// <summary>The command lines of all processes.</summary>
    public static IReadOnlyList<string> CommandLines() => [.. Ids().Select(id => Read(id, "cmdline"))];

    /// <summary>Whether a process has not ended; one whose end nobody has asked about yet has.</summary>
    public static bool IsRunning(int id) => Read(id, "cmdline").Length > 0;

    private static IEnumerable<int> Ids() =>
        Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, out _)).Select(name => int.Parse(name!, null));

    private static string Read(int id, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/{file}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
