using DiffPlex;
using DiffPlex.Model;

namespace Pantry.Differences;

/// <summary>How two texts differ, line by line.</summary>
internal static class LineDifference
{
    // Of what remains between the equal lines at both ends; to find the fewest lines of larger texts would take too long.
    private const long MostCells = 4_000_000;

    private static readonly Chunker Lines = new();

    /// <summary>All lines of both texts, in order: as few as can be are removed and added where the texts are of a usual size.</summary>
    public static IReadOnlyList<DifferentLine> Between(string first, string second)
    {
        ReadOnlySpan<string> left = LinesOf(first), right = LinesOf(second);
        int same = left.CommonPrefixLength(right), end = 0;
        while (end < Math.Min(left.Length, right.Length) - same && left[^(end + 1)] == right[^(end + 1)])
            end++;
        var lines = new List<DifferentLine>();
        Add(lines, LineChange.Same, left[..same]);
        AddBetween(lines, left[same..^end], right[same..^end]);
        Add(lines, LineChange.Same, left[^end..]);
        return lines;
    }

    private static void AddBetween(List<DifferentLine> lines, ReadOnlySpan<string> left, ReadOnlySpan<string> right)
    {
        if ((long)left.Length * right.Length > MostCells || left.IsEmpty || right.IsEmpty)
        {
            Add(lines, LineChange.Removed, left);
            Add(lines, LineChange.Added, right);
            return;
        }

        DiffResult result = Differ.Instance.CreateDiffs(string.Join('\n', left), string.Join('\n', right), ignoreWhiteSpace: false, ignoreCase: false, Lines);
        int at = 0;
        foreach (DiffBlock block in result.DiffBlocks)
        {
            Add(lines, LineChange.Same, left[at..block.DeleteStartA]);
            at = block.DeleteStartA + block.DeleteCountA;
            Add(lines, LineChange.Removed, left[block.DeleteStartA..at]);
            Add(lines, LineChange.Added, right.Slice(block.InsertStartB, block.InsertCountB));
        }

        Add(lines, LineChange.Same, left[at..]);
    }

    private static void Add(List<DifferentLine> lines, LineChange change, ReadOnlySpan<string> texts)
    {
        foreach (string text in texts)
            lines.Add(new DifferentLine(change, text));
    }

    private static string[] LinesOf(string text) => text.Length == 0 ? [] : text.Split('\n');

    private sealed class Chunker : IChunker
    {
        public IReadOnlyList<string> Chunk(string text) => LinesOf(text);
    }
}

/// <summary>A line of one of two texts, or of both.</summary>
internal sealed record DifferentLine(LineChange Change, string Text)
{
    /// <summary>The line with a sign before it.</summary>
    public override string ToString() => $"{(Change switch { LineChange.Added => '+', LineChange.Removed => '-', _ => ' ' })} {Text}";
}

/// <summary>Which of two texts has a line.</summary>
internal enum LineChange
{
    Same,
    Removed,
    Added,
}
