using System.Text.Json.Nodes;
using Pantry.Daemon.Scripts;
using Pantry.Operators;
using Pantry.Protocol;

namespace Pantry.Daemon.Views;

/// <summary>A line or a record that a command wrote while it runs; its names are those of the objects in PowerShell.</summary>
internal sealed record LiveView(string Client, string JobId, int Sequence, int Part, OutputStream Stream, string Text, JsonNode? Record, bool Truncated, DateTimeOffset Time);

/// <summary>Makes lines and records of a job's pieces of live output.</summary>
internal sealed class LiveLines(IJob job)
{
    private const string LeftOut = "(the rest was longer than the client keeps, and is left out)";

    private readonly RecordChains _chains = new();

    public IEnumerable<LiveView> Read(StoredPiece piece)
    {
        PieceHead head = piece.Head;
        OutputStream stream = head.Stream switch
        {
            Result.StandardOutputBody => OutputStream.StandardOutput,
            Result.StandardErrorBody => OutputStream.StandardError,
            _ => OutputStream.Output,
        };
        (int sequence, byte[]? bytes) = stream == OutputStream.Output ? _chains.Join(piece) : (head.Sequence, piece.Bytes);
        IEnumerable<ScriptRecord> items = stream == OutputStream.Output ? ScriptRecord.ReadAll(bytes ?? [])
            : bytes is { Length: > 0 } ? OutputText.Lines(OutputText.Of(bytes, head.TextEncoding)).Select(line => new ScriptRecord(stream, line, null)) : [];
        string client = job.Targets.ElementAtOrDefault(head.Target) ?? "";
        int part = 0;
        foreach (ScriptRecord item in items)
            yield return new LiveView(client, job.Id, sequence, part++, item.Stream, item.Text, item.Value, false, head.At);
        if (head.Truncated)
            yield return new LiveView(client, job.Id, sequence, part, stream, LeftOut, null, true, head.At);
    }
}
