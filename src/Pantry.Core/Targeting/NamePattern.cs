namespace Pantry.Targeting;

/// <summary>
/// A name with PowerShell's wildcards: <c>*</c>, <c>?</c> and <c>[a-z]</c>. Not by a regular expression: patterns come from
/// peers, and an automaton takes a hundred kilobytes for each of their characters.
/// </summary>
internal sealed class NamePattern
{
    /// <summary>Longer than any name.</summary>
    public const int MaxLength = 256;

    private readonly string _name;

    // What each place of the name must be; null where it is the pattern's own text.
    private readonly Part[]? _parts;

    /// <summary>The pattern of a filter; null where nothing is asked.</summary>
    public static NamePattern? Of(string? pattern) => pattern is null ? null : new NamePattern(pattern);

    /// <summary>Whether a filter lets a name through; one that asks nothing lets all.</summary>
    public static bool Fits(NamePattern? pattern, string? name) => pattern is null || pattern.Matches(name);

    public static bool HasWildcards(string text) => text.AsSpan().IndexOfAny('*', '?', '[') >= 0;

    public NamePattern(string pattern)
    {
        _name = pattern;
        if (!HasWildcards(pattern))
            return;
        if (pattern.Length > MaxLength)
            throw new PantryException(PantryErrorCode.InvalidArgument, $"A pattern has at most {MaxLength} characters.");
        var parts = new List<Part>();
        for (int i = 0; i < pattern.Length; i++)
        {
            int end = pattern[i] == '[' ? pattern.IndexOf(']', i + 1) : -1;
            if (end > i + 1)
            {
                parts.Add(new Part(PartKind.Set, Set: Ranges(pattern, i + 1, end)));
                i = end;
            }
            else
            {
                parts.Add(pattern[i] switch
                {
                    '*' => new Part(PartKind.Any),
                    '?' => new Part(PartKind.One),
                    char other => new Part(PartKind.Text, char.ToUpperInvariant(other)),
                });
            }
        }

        _parts = [.. parts];
    }

    /// <summary>A pattern that is stored and shown: nothing in it that could not be in a name, but for the wildcards.</summary>
    /// <exception cref="PantryException">It has other characters, or too many (InvalidName).</exception>
    public static string Require(string? pattern)
    {
        if (string.IsNullOrEmpty(pattern) || pattern.Length > Names.MaxNameLength
            || !pattern.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '.' or '*' or '?' or '[' or ']'))
        {
            throw new PantryException(PantryErrorCode.InvalidName,
                $"'{DisplayText.Clean(pattern, 80)}' is no pattern of names. Use letters, digits, '-', '_', '.' and the wildcards *, ? and [ ], {Names.MaxNameLength} characters in all; for example 'web*'.")
            { Target = DisplayText.Clean(pattern, 80) };
        }

        return pattern;
    }

    private enum PartKind
    {
        Text,
        One,
        Any,
        Set,
    }

    /// <summary>Whether the pattern names one thing only.</summary>
    public bool IsLiteral => _parts is null;

    public bool Matches(string? name) => name is not null && (_parts is null ? Names.Same(_name, name) : Matches(_parts, name));

    // Each star takes as little as it can, and only the last one is ever given more: what came before it can stay.
    private static bool Matches(Part[] parts, string name)
    {
        int at = 0, part = 0, star = -1, taken = 0;
        while (at < name.Length)
        {
            if (part < parts.Length && parts[part].Kind == PartKind.Any)
            {
                star = part++;
                taken = at;
            }
            else if (part < parts.Length && parts[part].Takes(name[at]))
            {
                at++;
                part++;
            }
            else if (star >= 0)
            {
                at = ++taken;
                part = star + 1;
            }
            else
            {
                return false;
            }
        }

        while (part < parts.Length && parts[part].Kind == PartKind.Any)
            part++;
        return part == parts.Length;
    }

    private static (char From, char To)[] Ranges(string pattern, int start, int end)
    {
        var ranges = new List<(char From, char To)>();
        for (int i = start; i < end; i++)
        {
            bool range = i + 2 < end && pattern[i + 1] == '-';
            (char from, char to) = (pattern[i], pattern[range ? i + 2 : i]);
            if (from > to)
            {
                throw new PantryException(PantryErrorCode.InvalidArgument, $"'{DisplayText.Clean(pattern, 80)}' is no valid pattern. Use *, ? and [a-z].")
                { Target = pattern };
            }

            ranges.Add((from, to));
            i += range ? 2 : 0;
        }

        return [.. ranges];
    }

    private readonly record struct Part(PartKind Kind, char Upper = '\0', (char From, char To)[]? Set = null)
    {
        public bool Takes(char character) => Kind switch
        {
            PartKind.One => true,
            PartKind.Text => char.ToUpperInvariant(character) == Upper,
            _ => Array.Exists(Set!, range => Within(range, character) || Within(range, char.ToUpperInvariant(character)) || Within(range, char.ToLowerInvariant(character))),
        };

        private static bool Within((char From, char To) range, char character) => character >= range.From && character <= range.To;
    }
}
