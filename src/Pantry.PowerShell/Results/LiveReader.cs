using System.Management.Automation;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.PowerShell.Results;

/// <summary>Makes what users see of pieces of live output: lines and records. They are from elsewhere, and read as data.</summary>
/// <param name="jobId">The job's id.</param>
/// <param name="targets">Its targets.</param>
/// <param name="after">What was seen before, of any job and client: what comes after the last of each is brought.</param>
internal sealed class LiveReader(string jobId, IReadOnlyList<string> targets, IEnumerable<LiveOutput>? after = null)
{
    private const string LeftOut = "(the rest was longer than the client keeps, and is left out)";

    private readonly RecordChains _chains = new();

    private readonly Dictionary<string, (int Sequence, int Part)> _seen = (after ?? [])
        .Where(seen => seen.JobId == jobId)
        .GroupBy(seen => seen.Client, Names.Comparer)
        .ToDictionary(group => group.Key, group => group.Max(seen => (seen.Sequence, seen.Part)), Names.Comparer);

    /// <summary>The piece of each target to begin with. The last one that was seen is read again, should not all of it have been; of a long record, from the piece that begins it.</summary>
    public IReadOnlyList<int> From => _seen.Count == 0 ? [] : [.. targets.Select(target => _seen.TryGetValue(target, out (int Sequence, int Part) last) ? last.Sequence : 0)];

    public IEnumerable<LiveOutput> Read(StoredPiece piece)
    {
        string client = targets.ElementAtOrDefault(piece.Head.Target) ?? "";
        int part = 0;
        (int sequence, List<(OutputStream, string, object?, bool)> items) = Items(piece);
        foreach ((OutputStream stream, string text, object? record, bool truncated) in items)
        {
            var item = new LiveOutput
            {
                Client = client,
                JobId = jobId,
                Sequence = sequence,
                Part = part++,
                Stream = stream,
                Text = text,
                Record = record,
                Truncated = truncated,
                Time = piece.Head.At,
            };
            if (!_seen.TryGetValue(client, out (int Sequence, int Part) last) || (item.Sequence, item.Part).CompareTo(last) > 0)
                yield return item;
        }
    }

    private (int Sequence, List<(OutputStream Stream, string Text, object? Record, bool Truncated)> Items) Items(StoredPiece piece)
    {
        int sequence = piece.Head.Sequence;
        var items = new List<(OutputStream, string, object?, bool)>();
        OutputStream source = piece.Head.Stream switch
        {
            Result.StandardOutputBody => OutputStream.StandardOutput,
            Result.StandardErrorBody => OutputStream.StandardError,
            _ => OutputStream.Output,
        };
        if (source != OutputStream.Output)
        {
            if (piece.Bytes.Length > 0)
                items.AddRange(OutputText.Lines(OutputText.Of(piece.Bytes, piece.Head.TextEncoding)).Select(line => (source, line, (object?)null, false)));
        }
        else
        {
            (sequence, byte[]? records) = _chains.Join(piece);
            if (records is not null)
                items.AddRange(ScriptStreams.ReadRecords(records).Select(record => (record.Stream, Text(record.Value), record.Value, false)));
        }

        if (piece.Head.Truncated)
            items.Add((source, LeftOut, null, true));
        return (sequence, items);
    }

    private static string Text(object? record) => record switch
    {
        null => "",
        InformationRecord information => LanguagePrimitives.ConvertTo<string>(information.MessageData) ?? "",
        _ => LanguagePrimitives.ConvertTo<string>(record) ?? "",
    };
}
