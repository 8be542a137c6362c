namespace Pantry.Logging;

/// <summary>One place that lines go to. Called by one thread at a time.</summary>
internal interface ILogSink : IDisposable
{
    /// <summary>Writes lines. What cannot be written now is lost; the exception is counted, and the next lines are tried again.</summary>
    void Write(IReadOnlyList<LogLine> lines);
}
