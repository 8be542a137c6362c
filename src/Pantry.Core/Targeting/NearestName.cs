namespace Pantry.Targeting;

/// <summary>What somebody who mistyped a name is likely to have meant.</summary>
internal static class NearestName
{
    /// <summary>The name that is nearest; null where there is none at all.</summary>
    public static string? Of(string name, IEnumerable<string> among) => among.Order(StringComparer.Ordinal).MinBy(known => Distance(name, known));

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
