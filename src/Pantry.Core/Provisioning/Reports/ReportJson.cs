using System.Globalization;
using System.Text.Json;

namespace Pantry.Provisioning.Reports;

/// <summary>
/// Reads a tool's JSON, of which nothing is believed: what is missing or of another type is null. Booleans and numbers may
/// be texts, for reports that were YAML.
/// </summary>
internal static class ReportJson
{
    /// <summary>The document; null where it is none, nested too deeply, or, where each is to be there once, has a property twice.</summary>
    public static JsonDocument? TryParse(ReadOnlyMemory<byte> bytes, int depth, bool eachOnce = false)
    {
        try
        {
            ReadOnlySpan<byte> mark = [0xef, 0xbb, 0xbf];
            return JsonDocument.Parse(ReportText.Readable(bytes.Span.StartsWith(mark) ? bytes[mark.Length..] : bytes), new JsonDocumentOptions { MaxDepth = depth, AllowDuplicateProperties = !eachOnce });
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Documents of one line each; lines that are none are left out.</summary>
    public static IEnumerable<JsonDocument> Lines(ReadOnlyMemory<byte> bytes, int depth)
    {
        while (bytes.Length > 0)
        {
            int end = bytes.Span.IndexOf((byte)'\n');
            ReadOnlyMemory<byte> line = end < 0 ? bytes : bytes[..end];
            bytes = end < 0 ? ReadOnlyMemory<byte>.Empty : bytes[(end + 1)..];
            if (line.Span.TrimStart(" \t\r"u8).Length > 0 && TryParse(line, depth) is { } document)
                yield return document;
        }
    }

    /// <summary>A property at the end of a path.</summary>
    public static JsonElement? At(this JsonElement element, params ReadOnlySpan<string> path)
    {
        foreach (string name in path)
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element))
                return null;
        }

        return element;
    }

    /// <summary>A text, number or truth as text; null for nothing else.</summary>
    public static string? Text(this JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => element.GetRawText(),
        _ => null,
    };

    public static string? Text(this JsonElement element, params ReadOnlySpan<string> path) => element.At(path)?.Text();

    /// <summary>A text, or the JSON of what is none.</summary>
    public static string? TextOrJson(this JsonElement element) => element.ValueKind is JsonValueKind.Object or JsonValueKind.Array ? element.GetRawText() : element.Text();

    public static bool Flag(this JsonElement element, params ReadOnlySpan<string> path) =>
        string.Equals(element.Text(path), "true", StringComparison.OrdinalIgnoreCase);

    public static int? Number(this JsonElement element, params ReadOnlySpan<string> path) =>
        int.TryParse(element.Text(path), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number : null;

    /// <summary>A span of time; null where it is none that a run can take.</summary>
    public static TimeSpan? Duration(this JsonElement element, double unitsInSecond, params ReadOnlySpan<string> path) =>
        double.TryParse(element.Text(path), NumberStyles.Float, CultureInfo.InvariantCulture, out double units)
        && units / unitsInSecond is var seconds && seconds >= 0 && seconds < TimeSpan.FromDays(30).TotalSeconds
            ? TimeSpan.FromSeconds(seconds)
            : null;

    public static IEnumerable<JsonElement> Items(this JsonElement element, params ReadOnlySpan<string> path) =>
        element.At(path) is { ValueKind: JsonValueKind.Array } array ? array.EnumerateArray() : Enumerable.Empty<JsonElement>();

    public static IEnumerable<JsonProperty> Members(this JsonElement element, params ReadOnlySpan<string> path) =>
        element.At(path) is { ValueKind: JsonValueKind.Object } found ? found.EnumerateObject() : Enumerable.Empty<JsonProperty>();
}
