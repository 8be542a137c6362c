namespace Pantry.Help;

/// <summary>Reads the pages: a file for each cmdlet, with paragraphs, examples and links.</summary>
internal static class HelpPages
{
    private const string Example = "## Example: ", Links = "## Links", Fence = "```";

    /// <summary>The pages of cmdlets by name. A page of no cmdlet is an error; a cmdlet without a page has the comments alone.</summary>
    public static IReadOnlyDictionary<string, HelpPage> Read(string directory, IReadOnlyList<CmdletDescription> cmdlets)
    {
        var pages = new Dictionary<string, HelpPage>();
        foreach (string file in Directory.EnumerateFiles(directory, "*.md").Order(StringComparer.Ordinal))
        {
            string name = Path.GetFileNameWithoutExtension(file);
            if (cmdlets.All(cmdlet => cmdlet.Name != name))
                throw new HelpException(file, $"There is no cmdlet '{name}'. A page is called as its cmdlet.");
            pages.Add(name, Parse(file, File.ReadAllLines(file)));
        }

        return pages;
    }

    private static HelpPage Parse(string file, string[] lines)
    {
        var examples = new List<HelpExample>();
        List<string> links = [];
        List<string> description = Paragraphs(lines.TakeWhile(line => !IsHeading(line)));
        for (int at = Array.FindIndex(lines, IsHeading); at >= 0 && at < lines.Length;)
        {
            int start = at;
            string[] body = [.. Body(lines, start)];
            at += 1 + body.Length;
            if (lines[start] == Links)
                links.AddRange(body.Select(line => line.TrimStart('-').Trim()).Where(line => line.Length > 0));
            else if (lines[start].StartsWith(Example, StringComparison.Ordinal))
                examples.Add(ParseExample(file, start, lines[start][Example.Length..].Trim(), body));
            else
                throw new HelpException($"{file}({start + 1})", $"'{lines[start]}' is no heading of a page. There are '{Example}TITLE' and '{Links}'.");
        }

        return new HelpPage(description, examples, links);
    }

    // A line of code may begin as a heading does.
    private static IEnumerable<string> Body(string[] lines, int heading)
    {
        bool inCode = false;
        for (int at = heading + 1; at < lines.Length && (inCode || !IsHeading(lines[at])); at++)
        {
            inCode ^= lines[at].StartsWith(Fence, StringComparison.Ordinal);
            yield return lines[at];
        }
    }

    private static HelpExample ParseExample(string file, int heading, string title, string[] body)
    {
        int[] fences = [.. Enumerable.Range(0, body.Length).Where(at => body[at].StartsWith(Fence, StringComparison.Ordinal))];
        if (fences is not [var first, var last] || last == first + 1)
            throw new HelpException($"{file}({heading + 1})", $"The example '{title}' must have one block of code, between a line '{Fence}powershell' and a line '{Fence}'.");
        if (Paragraphs(body.Take(first)).Count > 0)
            throw new HelpException($"{file}({heading + 2})", $"What is said of the example '{title}' belongs behind its code.");
        return new HelpExample(title, string.Join('\n', body[(first + 1)..last]), Paragraphs(body.Skip(last + 1)));
    }

    private static bool IsHeading(string line) => line.StartsWith('#');

    // Lines make a paragraph up to an empty one; an item of a list is a paragraph of its own. Get-Help shows text, so marks of code go.
    private static List<string> Paragraphs(IEnumerable<string> lines)
    {
        var paragraphs = new List<string>();
        bool goesOn = false;
        foreach (string line in lines.Select(line => line.Trim().Replace("`", "", StringComparison.Ordinal)))
        {
            if (goesOn && line.Length > 0 && !line.StartsWith("- ", StringComparison.Ordinal))
                paragraphs[^1] += $" {line}";
            else if (line.Length > 0)
                paragraphs.Add(line);
            goesOn = line.Length > 0;
        }

        return paragraphs;
    }
}
