using System.Text;
using System.Text.Json;

namespace Pantry.Provisioning.Applications;

/// <summary>Parameters as JSON, where a secret is an object with the one key <c>$secret</c>; no parameter's own key begins so.</summary>
internal static class ParameterJson
{
    public const string SecretKey = "$secret";

    private static readonly JsonReaderOptions Options = new() { MaxDepth = ParameterYaml.MaxDepth + 1 };

    public static byte[] ToBytes(ParameterValue value)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
            Write(writer, value);
        return buffer.ToArray();
    }

    public static string ToText(ParameterValue value) => Encoding.UTF8.GetString(ToBytes(value));

    /// <exception cref="JsonException">The bytes are no parameters.</exception>
    public static ParameterValue Read(ReadOnlySpan<byte> bytes)
    {
        var reader = new Utf8JsonReader(bytes, Options);
        using var document = JsonDocument.ParseValue(ref reader);
        return Of(document.RootElement);
    }

    private static void Write(Utf8JsonWriter writer, ParameterValue value)
    {
        switch (value)
        {
            case ParameterMap map:
                writer.WriteStartObject();
                foreach ((string key, ParameterValue item) in map.Entries)
                {
                    writer.WritePropertyName(key);
                    Write(writer, item);
                }

                writer.WriteEndObject();
                break;
            case ParameterList list:
                writer.WriteStartArray();
                foreach (ParameterValue item in list.Items)
                    Write(writer, item);
                writer.WriteEndArray();
                break;
            case SecretReference secret:
                writer.WriteStartObject();
                writer.WriteString(SecretKey, secret.Name);
                writer.WriteEndObject();
                break;
            case ParameterScalar { Value: bool truth }:
                writer.WriteBooleanValue(truth);
                break;
            case ParameterScalar { Value: long number }:
                writer.WriteNumberValue(number);
                break;
            case ParameterScalar { Value: double number }:
                writer.WriteNumberValue(number);
                break;
            case ParameterScalar { Value: string text }:
                writer.WriteStringValue(text);
                break;
            default:
                writer.WriteNullValue();
                break;
        }
    }

    private static ParameterValue Of(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object when element.TryGetProperty(SecretKey, out JsonElement name) =>
            new SecretReference(name.ValueKind == JsonValueKind.String ? name.GetString()! : throw new JsonException("A secret has a name.")),
        JsonValueKind.Object => new ParameterMap([.. element.EnumerateObject().Select(entry => KeyValuePair.Create(entry.Name, Of(entry.Value)))]),
        JsonValueKind.Array => new ParameterList([.. element.EnumerateArray().Select(Of)]),
        JsonValueKind.String => new ParameterScalar(element.GetString()),
        JsonValueKind.Number => new ParameterScalar(element.TryGetInt64(out long whole) ? whole : (object)element.GetDouble()),
        JsonValueKind.True or JsonValueKind.False => new ParameterScalar(element.GetBoolean()),
        _ => new ParameterScalar(null),
    };
}
