using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;

namespace Pantry.Daemon.Scripts;

/// <summary>
/// A record that a script wrote, read from its CLIXML: as text, which is what PowerShell makes of it when it is put into a text, and as JSON. It is from
/// elsewhere: it is read as data, no deeper than <see cref="MaxDepth"/>, and nothing of it is made into objects.
/// </summary>
internal sealed partial record ScriptRecord(OutputStream Stream, string Text, JsonNode? Value)
{
    private const int MaxDepth = 32;

    private static readonly XmlReaderSettings Plain = new() { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, CheckCharacters = false };

    /// <summary>The records of a result, or those in a piece of live output, in the order they were written.</summary>
    public static IEnumerable<ScriptRecord> ReadAll(byte[] records)
    {
        for (int start = 0; start < records.Length;)
        {
            int end = Array.IndexOf(records, (byte)0, start);
            end = end < 0 ? records.Length : end;
            if (end > start)
            {
                OutputStream stream = StreamOf((char)records[start]);
                foreach (ScriptRecord record in Read(stream, records[(start + 1)..end]))
                    yield return record;
            }

            start = end + 1;
        }
    }

    private static IEnumerable<ScriptRecord> Read(OutputStream stream, byte[] document)
    {
        try
        {
            using var reader = XmlReader.Create(new StringReader(Encoding.UTF8.GetString(document)), Plain);
            return [.. XDocument.Load(reader).Root!.Elements().Select(value => new ScriptRecord(stream, TextOf(value, MaxDepth), JsonOf(value, MaxDepth)))];
        }
        catch (Exception exception) when (exception is XmlException or InvalidOperationException)
        {
            return [new ScriptRecord(OutputStream.Error, $"A record of the client could not be read: {exception.Message}", null)];
        }
    }

    private static OutputStream StreamOf(char letter) => letter switch
    {
        'E' => OutputStream.Error,
        'W' => OutputStream.Warning,
        'V' => OutputStream.Verbose,
        'I' => OutputStream.Information,
        'D' => OutputStream.Debug,
        _ => OutputStream.Output,
    };

    private static string TextOf(XElement value, int depth)
    {
        if (depth == 0)
            return "...";
        if (Child(value, "ToString") is { } shown)
            return Unescaped(shown.Value);
        if (value.Name.LocalName != "Obj")
            return value.Name.LocalName is "C" or "SS" ? (string?)JsonOf(value, 1) ?? "" : value.Name.LocalName is "Nil" or "Ref" ? "" : Unescaped(value.Value);
        if (Items(value) is { } items)
            return string.Join(' ', items.Select(item => TextOf(item, depth - 1)));
        if (Primitive(value) is { } primitive)
            return TextOf(primitive, depth - 1);
        return Members(value) is { } members ? $"@{{{string.Join("; ", members.Select(member => $"{member.Name}={TextOf(member.Value, depth - 1)}"))}}}" : "";
    }

    private static JsonNode? JsonOf(XElement value, int depth)
    {
        if (depth == 0)
            return "...";
        if (value.Name.LocalName == "Obj")
        {
            if (Items(value) is { } items)
                return new JsonArray([.. items.Select(item => JsonOf(item, depth - 1))]);
            if (Primitive(value) is { } primitive)
                return JsonOf(primitive, depth - 1);
            if (Members(value) is not { } members)
                return Child(value, "ToString") is { } shown ? Unescaped(shown.Value) : null;
            var made = new JsonObject();
            foreach ((string name, XElement member) in members)
                made[name] = JsonOf(member, depth - 1);
            return made;
        }

        string text = Unescaped(value.Value);
        return value.Name.LocalName switch
        {
            "Nil" or "Ref" => null,
            "SS" => "***",
            "B" => bool.TryParse(text, out bool truth) ? truth : text,
            "By" or "SB" or "I16" or "U16" or "I32" or "U32" or "I64" => long.TryParse(text, CultureInfo.InvariantCulture, out long number) ? number : text,
            "U64" => ulong.TryParse(text, CultureInfo.InvariantCulture, out ulong number) ? number : text,
            "Sg" or "Db" => double.TryParse(text, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) ? number : text,
            "D" => decimal.TryParse(text, CultureInfo.InvariantCulture, out decimal number) ? number : text,
            "C" => int.TryParse(text, CultureInfo.InvariantCulture, out int code) && code is >= 0 and <= char.MaxValue ? $"{(char)code}" : text,
            _ => text,
        };
    }

    private static IEnumerable<XElement>? Items(XElement value) => value.Elements().FirstOrDefault(child => child.Name.LocalName is "LST" or "IE" or "QUE" or "STK")?.Elements();

    private static List<(string Name, XElement Value)>? Members(XElement value)
    {
        if (Child(value, "DCT") is { } table)
        {
            return [.. table.Elements().Where(entry => entry.Elements().Count() == 2)
                .Select(entry => (TextOf(entry.Elements().First(), 1), entry.Elements().Last()))];
        }

        XElement[] bags = [.. value.Elements().Where(child => child.Name.LocalName is "Props" or "MS")];
        return bags.Length == 0 ? null : [.. bags.SelectMany(bag => bag.Elements()).Select(member => (Unescaped(member.Attribute("N")?.Value ?? ""), member))];
    }

    // Of an enumeration, or of a plain value to which properties were added.
    private static XElement? Primitive(XElement value) => value.Elements().FirstOrDefault(child => child.Name.LocalName is not ("TN" or "TNRef" or "ToString" or "Props" or "MS" or "DCT"));

    private static XElement? Child(XElement value, string name) => value.Elements().FirstOrDefault(child => child.Name.LocalName == name);

    private static string Unescaped(string text) => Escape().Replace(text, match => $"{(char)int.Parse(match.Groups[1].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture)}");

    [GeneratedRegex("_[xX]([0-9A-Fa-f]{4})_")]
    private static partial Regex Escape();
}
