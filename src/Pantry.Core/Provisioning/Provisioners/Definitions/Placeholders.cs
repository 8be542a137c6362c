using System.Text;

namespace Pantry.Provisioning.Provisioners.Definitions;

/// <summary>
/// Texts with names in braces, such as <c>--var-file={parameters}</c>. What takes a name's place stays part of its one argument: nothing splits it, and no shell
/// sees it. Two braces stand for one.
/// </summary>
internal static class Placeholders
{
    /// <summary>The names that there are.</summary>
    public static IReadOnlyList<string> Names { get; } =
        ["package", "name", "version", "entry", "work", "state", "parameters", "secrets", "report", "identity", "application", "environment", "roles"];

    /// <summary>Begins the name of one secret, for the value of a variable.</summary>
    public const string Secret = "secret.";

    /// <summary>The text, if it has no other names.</summary>
    /// <param name="text">The text.</param>
    /// <param name="secrets">Whether it may have secrets.</param>
    /// <exception cref="PantryException">It has one, or a brace without its other.</exception>
    public static string Check(string text, bool secrets = false)
    {
        _ = Replace(text, name => Names.Contains(name, StringComparer.Ordinal) || (secrets && name.StartsWith(Secret, StringComparison.Ordinal)) ? "" : throw new PantryException(PantryErrorCode.InvalidArgument,
            $"has the placeholder '{{{DisplayText.Clean(name, 40)}}}', which there is none of. There are: {string.Join(", ", Names)}"));
        return text;
    }

    /// <summary>The text with what stands for the names.</summary>
    /// <exception cref="PantryException">A brace is without its other.</exception>
    public static string Replace(string text, Func<string, string> value)
    {
        var replaced = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] is not ('{' or '}'))
            {
                replaced.Append(text[i]);
            }
            else if (i + 1 < text.Length && text[i + 1] == text[i])
            {
                replaced.Append(text[i++]);
            }
            else
            {
                int end = text[i] == '{' ? text.IndexOf('}', i) : -1;
                if (end < 0)
                    throw new PantryException(PantryErrorCode.InvalidArgument, $"has a brace without its other at character {i + 1}; write two for one that is meant itself");
                replaced.Append(value(text[(i + 1)..end]));
                i = end;
            }
        }

        return replaced.ToString();
    }
}
