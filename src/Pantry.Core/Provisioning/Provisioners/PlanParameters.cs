using System.Text;
using System.Text.Json.Nodes;
using Pantry.Provisioning.Applications;

namespace Pantry.Provisioning.Provisioners;

/// <summary>
/// A plan's parameters with the values of its secrets in place. A parameter that has one anywhere in it is secret as a whole, and goes nowhere but where
/// secrets go.
/// </summary>
/// <param name="Plain">Parameters without a secret.</param>
/// <param name="Secret">Parameters with one.</param>
/// <param name="SecretPlaces">Where in those the secrets are.</param>
internal sealed record PlanParameters(JsonObject Plain, JsonObject Secret, IReadOnlySet<string> SecretPlaces)
{
    /// <exception cref="PantryException">A secret that is needed is not there.</exception>
    public static PlanParameters Fill(JsonObject parameters, IReadOnlyDictionary<string, byte[]> secrets)
    {
        JsonObject plain = [], withSecrets = [];
        var found = new List<JsonNode>();
        foreach ((string name, JsonNode? value) in parameters)
        {
            int before = found.Count;
            JsonNode? copy = Fill(value, secrets, found);
            (found.Count > before ? withSecrets : plain)[name] = copy;
        }

        return new PlanParameters(plain, withSecrets, found.Select(secret => secret.GetPath()).ToHashSet(StringComparer.Ordinal));
    }

    private static JsonNode? Fill(JsonNode? value, IReadOnlyDictionary<string, byte[]> secrets, List<JsonNode> found)
    {
        switch (value)
        {
            case JsonObject map when map.TryGetPropertyValue(ParameterJson.SecretKey, out JsonNode? name):
                JsonNode secret = JsonValue.Create(Text(name?.ToString() ?? "", secrets));
                found.Add(secret);
                return secret;
            case JsonObject map:
                var copy = new JsonObject();
                foreach ((string key, JsonNode? item) in map)
                    copy[key] = Fill(item, secrets, found);
                return copy;
            case JsonArray list:
                var items = new JsonArray();
                foreach (JsonNode? item in list)
                    items.Add(Fill(item, secrets, found));
                return items;
            default:
                return value?.DeepClone();
        }
    }

    private static string Text(string name, IReadOnlyDictionary<string, byte[]> secrets) =>
        secrets.FirstOrDefault(secret => secret.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value is { } value
            ? Encoding.UTF8.GetString(value)
            : throw new PantryException(PantryErrorCode.InvalidArgument, $"The plan needs the secret '{DisplayText.Clean(name, 80)}', which the order does not have. Give it with -Secret.") { Target = name };
}
