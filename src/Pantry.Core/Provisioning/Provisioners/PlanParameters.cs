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
internal sealed record PlanParameters(JsonObject Plain, JsonObject Secret)
{
    /// <exception cref="PantryException">A secret that is needed is not there.</exception>
    public static PlanParameters Fill(JsonObject parameters, IReadOnlyDictionary<string, byte[]> secrets)
    {
        var filled = new PlanParameters([], []);
        foreach ((string name, JsonNode? value) in parameters)
        {
            bool secret = false;
            JsonNode? copy = Fill(value, secrets, ref secret);
            (secret ? filled.Secret : filled.Plain)[name] = copy;
        }

        return filled;
    }

    private static JsonNode? Fill(JsonNode? value, IReadOnlyDictionary<string, byte[]> secrets, ref bool secret)
    {
        switch (value)
        {
            case JsonObject map when map.TryGetPropertyValue(ParameterJson.SecretKey, out JsonNode? name):
                secret = true;
                return Text(name?.ToString() ?? "", secrets);
            case JsonObject map:
                var copy = new JsonObject();
                foreach ((string key, JsonNode? item) in map)
                    copy[key] = Fill(item, secrets, ref secret);
                return copy;
            case JsonArray list:
                var items = new JsonArray();
                foreach (JsonNode? item in list)
                    items.Add(Fill(item, secrets, ref secret));
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
