using Pantry.Configuration.Settings;

namespace Pantry.Logging;

/// <summary>A writer of the host, such as its console. It is the host's and not closed here.</summary>
internal sealed class WriterSink(TextWriter writer, LogFormat format) : ILogSink
{
    public void Write(IReadOnlyList<LogLine> lines)
    {
        foreach (LogLine line in lines)
            writer.WriteLine(LineText.Of(line, format));
        writer.Flush();
    }

    public void Dispose()
    {
        // The host goes on with it.
    }
}
