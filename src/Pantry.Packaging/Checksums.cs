using System.Security.Cryptography;

namespace Pantry.Packaging;

/// <summary>SHA256SUMS, as <c>sha256sum --check</c> reads it.</summary>
internal static class Checksums
{
    private const string Name = "SHA256SUMS";

    /// <summary>Writes it for those packages that are there, whichever run made them; returns their names.</summary>
    public static string[] Write(string directory, IEnumerable<string> packages)
    {
        string[] names = [.. packages.Where(name => File.Exists(Path.Combine(directory, name))).Order(StringComparer.Ordinal)];
        File.WriteAllText(Path.Combine(directory, Name), string.Concat(names.Select(name => $"{Digest(Path.Combine(directory, name))}  {name}\n")));
        return [.. names, Name];
    }

    private static string Digest(string file)
    {
        using FileStream stream = File.OpenRead(file);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
