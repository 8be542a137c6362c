using System.Text.Json.Nodes;

namespace Pantry.Provisioning.Provisioners.BuiltIn;

/// <summary>
/// Parameters as extra variables of Ansible, which evaluates every text as a template unless that is marked as unsafe. A value is what the document says, so all are marked.
/// </summary>
internal static class AnsibleVariables
{
    private const string Unsafe = "__ansible_unsafe", Marks = "__ansible_", Own = "ansible_";

    /// <exception cref="PantryException">A name is one that Ansible obeys.</exception>
    public static JsonObject Of(ProvisionWork work, JsonObject parameters)
    {
        foreach ((string name, _) in parameters)
        {
            // Such as ansible_python_interpreter and ansible_connection, which say what is run and where.
            if (name.StartsWith(Own, StringComparison.Ordinal))
                throw work.Wrong($"the parameter '{DisplayText.Clean(name, 80)}' would steer Ansible itself, as all do whose names begin with '{Own}'. Call it something else.");
        }

        return (JsonObject)Literal(work, parameters)!;
    }

    private static JsonNode? Literal(ProvisionWork work, JsonNode? value) => value switch
    {
        JsonObject map => new JsonObject(map.Select(entry => KeyValuePair.Create(Key(work, entry.Key), Literal(work, entry.Value)))),
        JsonArray list => new JsonArray([.. list.Select(item => Literal(work, item))]),
        JsonValue text when text.GetValueKind() == System.Text.Json.JsonValueKind.String => new JsonObject { [Unsafe] = text.DeepClone() },
        _ => value?.DeepClone(),
    };

    // Keys are no templates, but a map with one of Ansible's own marks would be read as what the mark says.
    private static string Key(ProvisionWork work, string key) => key.StartsWith(Marks, StringComparison.Ordinal)
        ? throw work.Wrong($"a parameter has the key '{DisplayText.Clean(key, 80)}', which is a mark of Ansible's own. Call it something else.")
        : key;
}
