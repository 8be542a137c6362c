using System.Text.RegularExpressions;

namespace Pantry.Provisioning.Provisioners.BuiltIn;

/// <summary>Variables as a file for <c>docker compose --env-file</c>, in which each value is what it was.</summary>
internal static partial class ComposeVariables
{
    // Compose obeys these in such a file: which files and profiles it takes, and which daemon it asks.
    private static readonly string[] Obeyed = ["COMPOSE_", "DOCKER_"];

    /// <exception cref="PantryException">A name is one that compose obeys, or a value cannot be written.</exception>
    public static string Write(ProvisionWork work, Dictionary<string, string> values) =>
        string.Concat(values.Select(variable => $"{Name(work, variable.Key)}={Value(work, variable.Key, variable.Value)}\n"));

    private static string Name(ProvisionWork work, string name) => Obeyed.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
        ? throw work.Wrong($"the parameter '{name}' would steer docker compose itself, as all do whose names begin with {string.Join(" or ", Obeyed)}. Call it something else.")
        : name;

    // In single quotes all is literal, but that a backslash before a quote makes it part of the value: so one that stands before a quote or at the end cannot be told
    // from that. In double quotes a single one is literal for every version of compose; dollars, backslashes and double ones are not.
    private static string Value(ProvisionWork work, string name, string value)
    {
        if (BackslashBeforeQuote().IsMatch(value) || value.Contains('\0', StringComparison.Ordinal))
            throw work.Wrong($"the value of the parameter '{name}' has a backslash at its end or before a single quote, or a zero, which a file of variables cannot hold. Give it in another form, such as base64.");
        if (!value.Contains('\'', StringComparison.Ordinal))
            return $"'{value}'";
        return value.AsSpan().ContainsAny('$', '"', '\\') ? $"'{value.Replace("'", "\\'", StringComparison.Ordinal)}'" : $"\"{value}\"";
    }

    [GeneratedRegex(@"\\(?:'|\z)")]
    private static partial Regex BackslashBeforeQuote();
}
