using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pantry.Provisioning.Provisioners.BuiltIn;

/// <summary>
/// What a script is asked, in a line that PowerShell reads back as it was written. Its ConvertFrom-Json makes a date of a text that looks like one, so each text
/// has a mark before it, which the script takes off; that of a secret tells it to make a SecureString.
/// </summary>
internal static class PowerShellRequest
{
    private const char Text = '=', Secret = '!';

    /// <param name="work">Whose request it is.</param>
    /// <param name="request">What is asked, beside parameters.</param>
    /// <param name="plain">Parameters without secrets.</param>
    /// <param name="withSecrets">The parameters of the plan that have secrets, where they are to be SecureStrings.</param>
    /// <exception cref="PantryException">Two keys are one to PowerShell; the message names both.</exception>
    public static byte[] Write(ProvisionWork work, JsonObject request, JsonObject plain, JsonObject withSecrets)
    {
        RequireNoTwins(work, plain.Concat(withSecrets).Select(entry => entry.Key), "");
        var marked = (JsonObject)Marked(work, request, "", null)!;
        marked["parameters"] = new JsonObject(plain.Select(entry => KeyValuePair.Create(entry.Key, Marked(work, entry.Value, entry.Key, null)))
            .Concat(withSecrets.Select(entry => KeyValuePair.Create(entry.Key, Marked(work, entry.Value, entry.Key, work.Plan.SecretPlaces)))));
        return Encoding.UTF8.GetBytes(marked.ToJsonString() + "\n");
    }

    private static JsonNode? Marked(ProvisionWork work, JsonNode? node, string name, IReadOnlySet<string>? secrets)
    {
        switch (node)
        {
            case JsonObject map:
                RequireNoTwins(work, map.Select(entry => entry.Key), name.Length == 0 ? "" : $"{name}.");
                return new JsonObject(map.Select(entry => KeyValuePair.Create(entry.Key, Marked(work, entry.Value, name.Length == 0 ? entry.Key : $"{name}.{entry.Key}", secrets))));
            case JsonArray list:
                return new JsonArray([.. list.Select((item, index) => Marked(work, item, $"{name}[{index}]", secrets))]);
            case JsonValue text when text.GetValueKind() == JsonValueKind.String:
                return $"{(secrets?.Contains(text.GetPath()) == true ? Secret : Text)}{text}";
            default:
                return node?.DeepClone();
        }
    }

    private static void RequireNoTwins(ProvisionWork work, IEnumerable<string> keys, string prefix)
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (string key in keys)
        {
            if (!seen.Add(key))
            {
                seen.TryGetValue(key, out string? other);
                throw work.Wrong($"the parameters '{DisplayText.Clean(prefix + other, 200)}' and '{DisplayText.Clean(prefix + key, 200)}' differ only in upper and lower case, and are one to PowerShell. Give one of them another name.");
            }
        }
    }
}
