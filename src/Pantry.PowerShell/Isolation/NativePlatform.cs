using System.Runtime.InteropServices;

namespace Pantry.PowerShell.Isolation;

/// <summary>The names that packages give to the platforms of their native libraries.</summary>
internal static class NativePlatform
{
    /// <summary>
    /// The folders to look in, best first. A .NET that a distribution built names the distribution (<c>alpine.3.22-x64</c>),
    /// which says which C library it has, but is no folder's name.
    /// </summary>
    public static IEnumerable<string> Candidates(string runtimeIdentifier, Architecture architecture)
    {
        string suffix = architecture.ToString().ToLowerInvariant();
        yield return runtimeIdentifier;
        if (runtimeIdentifier.StartsWith("win", StringComparison.Ordinal))
            yield return $"win-{suffix}";
        else if (runtimeIdentifier.StartsWith("osx", StringComparison.Ordinal))
            yield return $"osx-{suffix}";
        else if (runtimeIdentifier.Contains("musl", StringComparison.Ordinal) || runtimeIdentifier.StartsWith("alpine", StringComparison.Ordinal))
            yield return $"linux-musl-{suffix}";
        else
            yield return $"linux-{suffix}";
    }
}
