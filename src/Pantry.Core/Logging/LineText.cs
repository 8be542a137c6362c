using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Pantry.Configuration.Settings;

namespace Pantry.Logging;

/// <summary>Lines as text: for people, or one JSON object each.</summary>
internal static class LineText
{
    // It is no part of a page of the Web; names of people and places stay readable.
    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly HashSet<string> OwnNames = ["time", "level", "source", "message", "error"];

    public static string Of(LogLine line, LogFormat format) => format == LogFormat.Json ? AsJson(line) : AsText(line);

    public static string LevelOf(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error => "error",
        _ => "fatal",
    };

    private static string AsText(LogLine line)
    {
        var text = new StringBuilder()
            .Append(CultureInfo.InvariantCulture, $"{line.At.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {LevelOf(line.Level),-5} {line.Source}: {line.Message}");
        foreach (string part in line.Error?.Split('\n') ?? [])
            text.Append("\n    ").Append(part);
        return text.ToString();
    }

    private static string AsJson(LogLine line)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, Json))
        {
            json.WriteStartObject();
            json.WriteString("time", line.At.UtcDateTime);
            json.WriteString("level", LevelOf(line.Level));
            json.WriteString("source", line.Source);
            json.WriteString("message", line.Message);
            var written = new HashSet<string>(OwnNames);
            foreach ((string name, string value) in line.Fields)
            {
                string camel = JsonNamingPolicy.CamelCase.ConvertName(name);
                if (written.Add(camel))
                    json.WriteString(camel, value);
            }

            if (line.Error is not null)
                json.WriteString("error", line.Error);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }
}
