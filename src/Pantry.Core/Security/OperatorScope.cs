using System.Text.Json.Serialization;
using Pantry.Targeting;

namespace Pantry.Security;

/// <summary>What an operator may do: run these commands on these streams and all below them.</summary>
/// <param name="Streams">Streams, or <c>*</c> for every client.</param>
/// <param name="Commands">Names of commands, with wildcards.</param>
internal sealed record OperatorScope(IReadOnlyList<string> Streams, IReadOnlyList<string> Commands)
{
    /// <summary>Every stream, or every command.</summary>
    public const string Any = "*";

    private const int MaxNames = 64;
    private const int MaxPatternLength = 128;

    [JsonIgnore]
    public bool CoversEveryone => Streams.Contains(Any);

    /// <summary>Reads <c>streams:commands</c>, such as <c>shop.production,shop.test:Shell,Script</c> or <c>*:*</c>.</summary>
    /// <exception cref="PantryException">It is no scope.</exception>
    public static OperatorScope Parse(string text)
    {
        string[] halves = text.Split(':');
        if (halves.Length != 2)
            throw Invalid(text, "it must be streams, a colon and commands");
        var scope = new OperatorScope(Split(halves[0]), Split(halves[1]));
        return scope.Fault() is { } fault ? throw Invalid(text, fault) : scope;

        static string[] Split(string half) => half.Split(',', StringSplitOptions.TrimEntries);
    }

    public bool CoversCommand(string command) => Commands.Any(pattern => pattern == Any || new NamePattern(pattern).Matches(command));

    public bool CoversClient(ClientLabels client) => CoversEveryone || Streams.Any(stream => TargetMatcher.HearsStream(client, stream));

    /// <summary>Whether the stream is one of the scope's or below one, by whole segment.</summary>
    public bool CoversTarget(string stream) => CoversEveryone || Streams.Any(covered =>
        Names.Same(covered, stream) || stream.StartsWith(covered + ".", StringComparison.OrdinalIgnoreCase));

    public bool Equals(OperatorScope? other) => other is not null && Names.Same(ToString(), other.ToString());

    public override int GetHashCode() => Names.Comparer.GetHashCode(ToString());

    /// <summary>The scope as <see cref="Parse"/> reads it.</summary>
    public override string ToString() => $"{string.Join(',', Streams)}:{string.Join(',', Commands)}";

    /// <summary>What is wrong with the scope; null where nothing is.</summary>
    internal string? Fault()
    {
        if (Streams.Count is 0 or > MaxNames || Commands.Count is 0 or > MaxNames)
            return $"it must name at least one stream and one command, and at most {MaxNames} of each";
        if (Streams.FirstOrDefault(stream => stream != Any && !Names.IsPath(stream)) is { } badStream)
            return $"'{DisplayText.Clean(badStream, 80)}' is no stream";
        return Commands.FirstOrDefault(pattern => !IsPattern(pattern)) is { } badPattern
            ? $"'{DisplayText.Clean(badPattern, 80)}' is no name of a command"
            : null;
    }

    private static bool IsPattern(string pattern)
    {
        if (pattern.Length is 0 or > MaxPatternLength || !pattern.All(character => char.IsAsciiLetterOrDigit(character) || "-_.*?[]".Contains(character, StringComparison.Ordinal)))
            return false;
        try
        {
            _ = new NamePattern(pattern);
            return true;
        }
        catch (PantryException)
        {
            return false;
        }
    }

    private static PantryException Invalid(string text, string why) => new(PantryErrorCode.InvalidArgument,
        $"'{DisplayText.Clean(text, 80)}' is no scope: {why}. Write it as 'shop.production,shop.test:Shell,Script', with * for every stream or command.")
    { Target = text };
}
