using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Pantry.Provisioning.Reports;

/// <summary>
/// A tool's YAML as JSON, in which every scalar is a text and tags are left out: nothing is made of what a tag names. Read event by
/// event, so that no depth costs stack; an alias stands for a scalar alone, and what it repeats counts against the bound.
/// </summary>
internal static class YamlReport
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>The first document; null where it is none, or passes a bound.</summary>
    /// <param name="bytes">The YAML.</param>
    /// <param name="depth">Levels it may be nested.</param>
    /// <param name="maxBytes">Largest document.</param>
    /// <param name="typed">Whether plain scalars become truths and whole numbers where they are written as such.</param>
    /// <param name="eachOnce">Whether a key that is there twice makes it none.</param>
    public static JsonDocument? TryParse(ReadOnlyMemory<byte> bytes, int depth, int maxBytes, bool typed = false, bool eachOnce = false)
    {
        if (bytes.Length > maxBytes)
            return null;
        try
        {
            byte[]? json = Convert(bytes, depth, 2L * maxBytes, typed);
            return json is null ? null : ReportJson.TryParse(json, depth + 1, eachOnce);
        }
        catch (Exception exception) when (exception is YamlException or InvalidOperationException or ArgumentException or FormatException or OverflowException or IndexOutOfRangeException)
        {
            return null;
        }
    }

    private static byte[]? Convert(ReadOnlyMemory<byte> bytes, int depth, long most, bool typed)
    {
        using var reader = new StreamReader(new MemoryStream(bytes.ToArray(), writable: false), Encoding.UTF8);
        var parser = new Parser(reader);
        var written = new ArrayBufferWriter<byte>(Math.Min(bytes.Length + 256, 64 * 1024));
        using var json = new Utf8JsonWriter(written, Options);
        var anchors = new Dictionary<string, string>(StringComparer.Ordinal);
        // For each open collection: whether it is a mapping, and whether a key comes next.
        var open = new Stack<(bool Mapping, bool Key)>();
        bool any = false;
        while (parser.MoveNext())
        {
            if (json.BytesCommitted + json.BytesPending > most || open.Count > depth)
                return null;
            switch (parser.Current)
            {
                case Scalar scalar:
                    if (!scalar.Anchor.IsEmpty)
                        anchors[scalar.Anchor.Value] = scalar.Value;
                    Write(json, open, scalar.Value, scalar is { Style: ScalarStyle.Plain, Value: "" or "~" or "null" }, typed && scalar.Style == ScalarStyle.Plain);
                    any = true;
                    break;
                case AnchorAlias alias:
                    bool known = anchors.TryGetValue(alias.Value.Value, out string? value);
                    Write(json, open, value ?? "", isNull: !known);
                    break;
                case MappingStart or SequenceStart:
                    bool mapping = parser.Current is MappingStart;
                    if (open.TryPop(out (bool Mapping, bool Key) parent))
                    {
                        if (parent is { Mapping: true, Key: true })
                            return null; // A key that is no scalar.
                        open.Push((parent.Mapping, parent.Mapping));
                    }

                    if (mapping)
                        json.WriteStartObject();
                    else
                        json.WriteStartArray();
                    open.Push((mapping, mapping));
                    any = true;
                    break;
                case MappingEnd:
                    open.Pop();
                    json.WriteEndObject();
                    break;
                case SequenceEnd:
                    open.Pop();
                    json.WriteEndArray();
                    break;
                case DocumentEnd when any:
                    json.Flush();
                    return written.WrittenSpan.ToArray();
                default:
                    break;
            }
        }

        return null;
    }

    private static void Write(Utf8JsonWriter json, Stack<(bool Mapping, bool Key)> open, string value, bool isNull, bool typed = false)
    {
        (bool mapping, bool key) = open.Count > 0 ? open.Pop() : (false, false);
        if (mapping && key)
            json.WritePropertyName(value);
        else if (isNull)
            json.WriteNullValue();
        else if (typed && value is "true" or "false")
            json.WriteBooleanValue(value == "true");
        else if (typed && long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number))
            json.WriteNumberValue(number);
        else
            json.WriteStringValue(value);
        // At the root a scalar stands alone; what it is pushed for is nothing then.
        if (mapping || json.CurrentDepth > 0)
            open.Push((mapping, mapping && !key));
    }
}
