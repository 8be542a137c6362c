using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pantry.Protocol;

/// <summary>A number on the wire is one: what is too large for a double would be read as infinite, and no time can be made of that.</summary>
internal sealed class FiniteNumber : JsonConverter<double>
{
    public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out double value) && double.IsFinite(value)
            ? value
            : throw new JsonException("It is no number, or one that is too large.");

    public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options) => writer.WriteNumberValue(value);
}
