namespace Pantry.PowerShell.Results;

/// <summary>What transfers of files have in common in words and times.</summary>
internal static class FilesText
{
    private const int MostNamed = 3;

    /// <summary>Time for a transfer to one client where the user gives none.</summary>
    public static TimeSpan UsualTimeout { get; } = TimeSpan.FromHours(1);

    /// <summary>Access lists go from one Windows machine to another.</summary>
    /// <exception cref="PantryException">This is none.</exception>
    public static bool RequireAcls() => OperatingSystem.IsWindows() ? true : throw Files.RootFolder.NoAcls();

    /// <summary>The first names, and how many there are.</summary>
    public static string Of(IEnumerable<string> names)
    {
        string[] all = [.. names];
        string first = string.Join(", ", all.Take(MostNamed).Select(name => $"'{DisplayText.FirstLine(name, 80)}'"));
        return all.Length > MostNamed ? $"{first} and {all.Length - MostNamed} more" : first;
    }
}
