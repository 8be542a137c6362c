using System.Security.Cryptography;

namespace Pantry.Packaging;

/// <summary>SHA256SUMS, as <c>sha256sum --check</c> reads it.</summary>
internal static class Checksums
{
    private const string Name = "SHA256SUMS";
    private static readonly string[] Patterns = ["Pantry*.zip", "Pantry*.nupkg", "Pantry*.cdx.json", "pantry*.zip", "pantry*.tar.gz", "pantry*.deb", "pantry*.cdx.json"];

    /// <summary>Writes it for all packages of a directory; returns their names.</summary>
    public static string[] Write(string directory)
    {
        string[] names = [.. Patterns.SelectMany(pattern => Directory.EnumerateFiles(directory, pattern)).Select(file => Path.GetFileName(file)!).Distinct().Order(StringComparer.Ordinal)];
        File.WriteAllText(Path.Combine(directory, Name), string.Concat(names.Select(name => $"{Digest(Path.Combine(directory, name))}  {name}\n")));
        return [.. names, Name];
    }

    private static string Digest(string file)
    {
        using FileStream stream = File.OpenRead(file);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
