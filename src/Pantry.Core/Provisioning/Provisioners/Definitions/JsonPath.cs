using System.Text.Json;

namespace Pantry.Provisioning.Provisioners.Definitions;

/// <summary>
/// Where something is in a report: names with dots between, <c>[*]</c> for each item of a list, <c>*</c> for each member of an object. <c>$key</c> is the
/// name of the member that was taken.
/// </summary>
internal sealed record JsonPath(IReadOnlyList<string> Steps)
{
    public const string Key = "$key";
    private const string EachItem = "[*]", EachMember = "*";
    private const int MaxSteps = 16;

    /// <exception cref="PantryException">It is no path.</exception>
    public static JsonPath Parse(string text)
    {
        string[] steps = [.. text.Replace(EachItem, $".{EachItem}", StringComparison.Ordinal).Split('.').SkipWhile(step => step.Length == 0)];
        if (steps.Length > MaxSteps || steps.Any(step => step.Length == 0 || (step != EachItem && step.AsSpan().ContainsAny("[]"))))
        {
            throw new PantryException(PantryErrorCode.InvalidArgument,
                $"must be a path of at most {MaxSteps} names with dots between, with [*] for each item and * for each member, such as 'results[*]'");
        }

        return new JsonPath(steps);
    }

    /// <summary>What is there, with the name of the member it was taken from.</summary>
    public IEnumerable<(string? Key, JsonElement Value)> Select(JsonElement root)
    {
        IEnumerable<(string?, JsonElement)> found = [(null, root)];
        return Steps.Aggregate(found, (current, step) => current.SelectMany(entry => Next(entry, step)));
    }

    private static IEnumerable<(string?, JsonElement)> Next((string? Key, JsonElement Value) from, string step) => (step, from.Value.ValueKind) switch
    {
        (EachItem, JsonValueKind.Array) => from.Value.EnumerateArray().Select(item => (from.Key, item)),
        (EachMember, JsonValueKind.Object) => from.Value.EnumerateObject().Select(member => ((string?)member.Name, member.Value)),
        (_, JsonValueKind.Object) when from.Value.TryGetProperty(step, out JsonElement value) => [(from.Key, value)],
        _ => [],
    };
}
