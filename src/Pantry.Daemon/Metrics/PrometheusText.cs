using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Pantry.Daemon.Metrics;

/// <summary>What meters measure, in the text format that Prometheus reads.</summary>
internal static class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>Asks the meters and writes what they say.</summary>
    public static string Of(params IReadOnlyList<Meter> meters)
    {
        var families = new SortedDictionary<string, (string Head, List<string> Lines)>(StringComparer.Ordinal);
        void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            string name = NameOf(instrument);
            if (!families.TryGetValue(name, out (string Head, List<string> Lines) family))
                families[name] = family = ($"# HELP {name} {Escaped(instrument.Description ?? "", quotes: false)}\n# TYPE {name} {(IsCounter(instrument) ? "counter" : "gauge")}\n", []);
            family.Lines.Add(string.Create(CultureInfo.InvariantCulture, $"{name}{Labels(tags)} {value:R}\n"));
        }

        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (meters.Contains(instrument.Meter))
                    self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Add(instrument, value, tags));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        listener.Start();
        listener.RecordObservableInstruments();
        var text = new StringBuilder();
        foreach ((string head, List<string> lines) in families.Values)
            text.Append(head).AppendJoin("", lines);
        return text.ToString();
    }

    private static bool IsCounter(Instrument instrument) => instrument.GetType().GetGenericTypeDefinition() == typeof(ObservableCounter<>);

    private static string NameOf(Instrument instrument) => instrument.Name.Replace('.', '_')
        + instrument.Unit switch { "s" => "_seconds", "By" => "_bytes", _ => "" }
        + (IsCounter(instrument) ? "_total" : "");

    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty)
            return "";
        var text = new StringBuilder("{");
        foreach ((string name, object? value) in tags)
            text.Append(text.Length > 1 ? "," : "").Append(name).Append("=\"").Append(Escaped(value?.ToString() ?? "", quotes: true)).Append('"');
        return text.Append('}').ToString();
    }

    private static string Escaped(string text, bool quotes)
    {
        text = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        return quotes ? text.Replace("\"", "\\\"", StringComparison.Ordinal) : text;
    }
}
