namespace Pantry.PowerShell.Results;

/// <summary>The lines in which two texts differ, in their order: as few as can be where the texts are of a usual size.</summary>
internal static class LineDifference
{
    // Of what remains between the equal lines at both ends; the table of a larger one would be too large.
    private const int MostCells = 4_000_000;

    /// <summary><c>- line</c> for what only the first has, <c>+ line</c> for what only the second has.</summary>
    public static IReadOnlyList<string> Between(string first, string second)
    {
        ReadOnlySpan<string> left = Lines(first), right = Lines(second);
        int same = left.CommonPrefixLength(right);
        left = left[same..];
        right = right[same..];
        while (left.Length > 0 && right.Length > 0 && left[^1] == right[^1])
        {
            left = left[..^1];
            right = right[..^1];
        }

        return (long)left.Length * right.Length <= MostCells ? Shortest(left, right) : All(left, right);
    }

    // The longest common subsequence, from the ends of both: each cell has its length from there on.
    private static List<string> Shortest(ReadOnlySpan<string> left, ReadOnlySpan<string> right)
    {
        int[,] longest = new int[left.Length + 1, right.Length + 1];
        for (int i = left.Length - 1; i >= 0; i--)
        {
            for (int j = right.Length - 1; j >= 0; j--)
                longest[i, j] = left[i] == right[j] ? longest[i + 1, j + 1] + 1 : Math.Max(longest[i + 1, j], longest[i, j + 1]);
        }

        var lines = new List<string>();
        int l = 0, r = 0;
        while (l < left.Length || r < right.Length)
        {
            if (l < left.Length && r < right.Length && left[l] == right[r])
            {
                l++;
                r++;
            }
            else if (l < left.Length && (r == right.Length || longest[l + 1, r] >= longest[l, r + 1]))
            {
                lines.Add($"- {left[l++]}");
            }
            else
            {
                lines.Add($"+ {right[r++]}");
            }
        }

        return lines;
    }

    private static List<string> All(ReadOnlySpan<string> left, ReadOnlySpan<string> right)
    {
        var lines = new List<string>(left.Length + right.Length);
        foreach (string line in left)
            lines.Add($"- {line}");
        foreach (string line in right)
            lines.Add($"+ {line}");
        return lines;
    }

    private static string[] Lines(string text) => text.Length == 0 ? [] : text.Split('\n');
}
