using System.Text.Json;

namespace Pantry.Provisioning.Packages.Metadata;

/// <summary>JSON of tools, read as data.</summary>
internal static class MetadataJson
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 32, CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    public static JsonElement Read(string file, byte[] bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes.AsMemory(bytes.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0), Options);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : throw Damaged(file, "it holds no object");
        }
        catch (JsonException exception)
        {
            throw Damaged(file, $"line {exception.LineNumber + 1}, character {exception.BytePositionInLine + 1}", exception);
        }
    }

    public static string? Text(this JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;

    public static PantryException Damaged(string file, string what, Exception? inner = null) =>
        new(PantryErrorCode.InvalidArgument, $"'{file}' is no JSON that a tool writes: {what}.", inner) { Target = file };
}
