namespace Pantry.Differences;

/// <summary>What is worth showing of a difference: the lines that changed, and a few around them.</summary>
internal static class AroundChanges
{
    private const int Around = 3;

    /// <summary>The lines with their signs; a line of dots stands where some are left out.</summary>
    public static IReadOnlyList<string> Of(IReadOnlyList<DifferentLine> lines)
    {
        bool[] shown = new bool[lines.Count];
        for (int i = 0; i < lines.Count; i++)
        {
            if (lines[i].Change == LineChange.Same)
                continue;
            for (int near = Math.Max(0, i - Around); near <= Math.Min(lines.Count - 1, i + Around); near++)
                shown[near] = true;
        }

        var texts = new List<string>();
        for (int i = 0; i < lines.Count; i++)
        {
            if (shown[i])
                texts.Add(lines[i].ToString());
            else if (texts.Count > 0 && texts[^1] != "  ...")
                texts.Add("  ...");
        }

        if (texts is [.., "  ..."])
            texts.RemoveAt(texts.Count - 1);
        return texts;
    }
}
