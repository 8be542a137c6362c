using Microsoft.Extensions.FileSystemGlobbing;

namespace Pantry.Files;

/// <summary>
/// Patterns of what is left out. One without a <c>/</c> means a name wherever it stands; with one, a path from the top of the tree.
/// A directory that is left out is left out with all that is in it. <c>*</c> stays within a name, <c>**</c> does not; case does not count.
/// </summary>
internal sealed class ExcludeFilter
{
    private readonly Matcher? _matcher;

    /// <exception cref="PantryException">A pattern is empty.</exception>
    public ExcludeFilter(IReadOnlyCollection<string> patterns)
    {
        if (patterns.Count == 0)
            return;
        _matcher = new Matcher(StringComparison.OrdinalIgnoreCase);
        foreach (string pattern in patterns)
        {
            string path = pattern.Replace('\\', '/').Trim('/');
            if (path.Length == 0)
                throw new PantryException(PantryErrorCode.InvalidArgument, "A pattern of what to leave out is empty. Give a name or a path, such as '*.log' or 'cache/**'.");
            _matcher.AddInclude(path.Contains('/', StringComparison.Ordinal) ? path : $"**/{path}");
        }
    }

    /// <summary>Whether a path is left out; what is in a directory that is left out need not be asked about.</summary>
    public bool LeavesOut(string path) => _matcher?.Match(path).HasMatches == true;
}
