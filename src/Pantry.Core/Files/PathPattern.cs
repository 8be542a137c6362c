using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.Files;

/// <summary>Full paths with wildcards in the names of files and directories, as items of a tree. What matches keeps its path from the first wildcard on.</summary>
internal static class PathPattern
{
    /// <summary>The files and directories that a path means.</summary>
    /// <param name="path">A full path.</param>
    /// <param name="literal">Whether it has no wildcards, whatever its characters are.</param>
    /// <exception cref="PantryException">It is no full path, nothing matches, or a directory on the way cannot be read.</exception>
    public static IReadOnlyList<TreeItem> Expand(string path, bool literal)
    {
        if (!Path.IsPathFullyQualified(path))
        {
            throw new PantryException(PantryErrorCode.InvalidArgument,
                $"'{DisplayText.FirstLine(path, 200)}' is no full path, and a client has no current directory. Give the path from the root on.")
            { Target = path };
        }

        string root = Path.GetPathRoot(path)!;
        string[] parts = path[root.Length..].Split('/', OperatingSystem.IsWindows() ? '\\' : '/').Where(part => part.Length > 0 && part != ".").ToArray();
        if (parts.Length == 0 || parts.Contains(".."))
            throw new PantryException(PantryErrorCode.InvalidArgument, $"'{DisplayText.FirstLine(path, 200)}' names the root, or has '..' in it. Give the path of a file or directory.") { Target = path };
        int first = literal ? parts.Length - 1 : Array.FindIndex(parts, part => !new NamePattern(part).IsLiteral);
        if (first < 0)
            first = parts.Length - 1;
        string folder = Path.Combine([root, .. parts[..first]]);
        TreeItem[] items = [.. Matches(folder, parts[first..], literal).Select(match => new TreeItem(folder, match, match))];
        return items.Length > 0 ? items : throw new PantryException(PantryErrorCode.NoMatchingFile, $"No file matches '{DisplayText.FirstLine(path, 200)}'.") { Target = path };
    }

    private static IEnumerable<string> Matches(string folder, string[] parts, bool literal)
    {
        IEnumerable<string> found = [""];
        foreach (string part in parts)
        {
            NamePattern? pattern = literal ? null : new NamePattern(part);
            found = [.. found.SelectMany(above => pattern is null or { IsLiteral: true } ? [Below(above, part)] : List(folder, above).Where(pattern.Matches).Select(name => Below(above, name)))];
        }

        return parts.Length > 1 || !literal ? found.Where(path => Path.Exists(Path.Combine(folder, path))) : found;
    }

    private static string Below(string above, string name) => above.Length == 0 ? name : $"{above}/{name}";

    private static IEnumerable<string> List(string folder, string above)
    {
        string path = Path.Combine(folder, above);
        try
        {
            return Directory.Exists(path) ? [.. Directory.EnumerateFileSystemEntries(path).Select(entry => Path.GetFileName(entry)).Order(StringComparer.Ordinal)] : [];
        }
        catch (Exception exception) when (StorageErrors.IsOfDisk(exception))
        {
            throw StorageErrors.OfFile(path, exception);
        }
    }
}
