using System.Text;
using System.Text.RegularExpressions;

namespace Pantry.Targeting;

/// <summary>A name with PowerShell's wildcards: <c>*</c>, <c>?</c> and <c>[a-z]</c>.</summary>
internal sealed class NamePattern
{
    /// <summary>Longer than any name; a pattern's automaton can take a hundred kilobytes for each character.</summary>
    public const int MaxLength = 256;

    private const string Any = "*";

    private readonly Regex? _regex;
    private readonly string _name;

    public NamePattern(string pattern)
    {
        _name = pattern;
        // The pattern of most scopes; an automaton for it would only cost memory.
        if (pattern == Any || pattern.AsSpan().IndexOfAny('*', '?', '[') < 0)
            return;
        if (pattern.Length > MaxLength)
            throw new PantryException(PantryErrorCode.InvalidArgument, $"A pattern has at most {MaxLength} characters.");

        var regex = new StringBuilder("^");
        for (int i = 0; i < pattern.Length; i++)
        {
            int end = pattern[i] == '[' ? pattern.IndexOf(']', i + 1) : -1;
            if (end > i + 1)
            {
                string set = pattern[(i + 1)..end].Replace("\\", "\\\\", StringComparison.Ordinal).Replace("[", "\\[", StringComparison.Ordinal).Replace("^", "\\^", StringComparison.Ordinal);
                regex.Append('[').Append(set).Append(']');
                i = end;
                continue;
            }

            regex.Append(pattern[i] switch
            {
                '*' => ".*",
                '?' => ".",
                char other => Regex.Escape(other.ToString()),
            });
        }

        try
        {
            _regex = new Regex(regex.Append('$').ToString(), RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
        }
        catch (ArgumentException exception)
        {
            throw new PantryException(PantryErrorCode.InvalidArgument,
                $"'{DisplayText.Clean(pattern, 80)}' is no valid pattern. Use *, ? and [a-z].", exception)
            { Target = pattern };
        }
    }

    /// <summary>Whether the pattern names one thing only.</summary>
    public bool IsLiteral => _regex is null && _name != Any;

    public bool Matches(string? name) => name is not null && (_regex?.IsMatch(name) ?? (_name == Any || Names.Same(_name, name)));
}
