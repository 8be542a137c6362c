namespace Pantry.Targeting;

/// <summary>What somebody who mistyped a name is likely to have meant.</summary>
internal static class NearestName
{
    /// <summary>The name that is nearest; null where each differs in more than a third of its letters, rounded up, and for a pattern.</summary>
    public static string? Of(string name, IEnumerable<string> among) => NamePattern.HasWildcards(name) ? null : among.Order(StringComparer.Ordinal)
        .Select(known => (Name: known, Distance: Distance(name.ToLowerInvariant(), known.ToLowerInvariant())))
        .Where(known => Math.Max(name.Length, known.Name.Length) is var length && known.Distance < length && known.Distance <= (length + 2) / 3)
        .OrderBy(known => known.Distance).Select(known => known.Name).FirstOrDefault();

    /// <summary>A sentence for an error about a name that is not there.</summary>
    /// <param name="name">What was written.</param>
    /// <param name="among">What there is.</param>
    /// <param name="otherwise">What is said where nothing there is near.</param>
    public static string Hint(string name, IEnumerable<string> among, string otherwise) => Of(name, among) is { } nearest ? $"Did you mean '{nearest}'?" : otherwise;

    /// <summary>Levenshtein's distance.</summary>
    private static int Distance(string left, string right)
    {
        int[] row = [.. Enumerable.Range(0, right.Length + 1)];
        for (int i = 1; i <= left.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= right.Length; j++)
            {
                int substituted = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substituted, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }
}
