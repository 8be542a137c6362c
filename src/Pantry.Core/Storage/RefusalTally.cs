using System.Globalization;

namespace Pantry.Storage;

/// <summary>
/// Counts refusals that are alike, so that strangers who knock all day fill neither the memory nor the disk. What is one
/// too many to be told apart shows with "many" as its key and address.
/// </summary>
internal sealed class RefusalTally(int maxKinds)
{
    private const string Many = "many";

    private readonly Lock _gate = new();
    private Dictionary<Kind, Count> _counts = [];

    public void Add(string reason, string? key, string? from, DateTimeOffset at)
    {
        lock (_gate)
        {
            var kind = new Kind(reason, key, from);

            // Where there are too many kinds, the reason alone counts; reasons are Pantry's own and few.
            if (!_counts.ContainsKey(kind) && _counts.Count >= maxKinds)
                kind = _counts.Count < 2 * maxKinds || _counts.ContainsKey(new Kind(reason, Many, Many)) ? new Kind(reason, Many, Many) : new Kind(Many, Many, Many);
            _counts[kind] = _counts.TryGetValue(kind, out Count? count) ? count with { Times = count.Times + 1, Last = at } : new Count(1, at, at);
        }
    }

    /// <summary>One entry for each kind since the last time.</summary>
    public IReadOnlyList<AuditEvent> Take()
    {
        Dictionary<Kind, Count> counts;
        lock (_gate)
        {
            if (_counts.Count == 0)
                return [];
            counts = _counts;
            _counts = [];
        }

        return [.. counts.Select(pair => new AuditEvent("unknown", "Refuse", pair.Key.Reason)
        {
            Key = pair.Key.Key,
            From = pair.Key.From,
            Detail = string.Create(CultureInfo.InvariantCulture, $$"""{"count":{{pair.Value.Times}},"first":"{{pair.Value.First:O}}","last":"{{pair.Value.Last:O}}"}"""),
        })];
    }

    private sealed record Kind(string Reason, string? Key, string? From);

    private sealed record Count(long Times, DateTimeOffset First, DateTimeOffset Last);
}
