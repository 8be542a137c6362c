using Pantry.Configuration;
using Pantry.Security;

namespace Pantry.Server.Jobs;

/// <summary>
/// Jobs that their operators cancelled before the server had them. The order can still be in work, or on its way over a link that is lost by now, while its cancel came over
/// the next one: it must not begin when it is there. Of each operator the last few are kept, for as long as a console that lost its link goes on trying.
/// </summary>
internal sealed class EarlyCancels(PantryOptions options, TimeProvider time)
{
    // Ids are no longer; what else is cancelled is none of a job.
    private const int MaxIdLength = 64;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _cancelled = new(StringComparer.Ordinal);

    /// <summary>The operator wants no such job.</summary>
    public void Add(string job, OperatorEntry by)
    {
        if (job.Length > MaxIdLength)
            return;
        lock (_lock)
        {
            foreach ((string old, Entry entry) in _cancelled.Where(entry => time.GetElapsedTime(entry.Value.At) > options.ReattachTimeout).ToArray())
                _cancelled.Remove(old);
            string[] own = [.. _cancelled.Where(entry => IsOf(entry.Value, by.SigningKey)).OrderBy(entry => entry.Value.At).Select(entry => entry.Key)];
            foreach (string old in own.Take(own.Length - options.KeptCancels + 1))
                _cancelled.Remove(old);
            _cancelled[job] = new Entry(by.SigningKey, time.GetTimestamp());
        }
    }

    /// <summary>The job is there, and was cancelled as it is.</summary>
    public void Remove(string job)
    {
        lock (_lock)
            _cancelled.Remove(job);
    }

    /// <summary>Whether the operator of an order has cancelled it before it came.</summary>
    public bool Take(string job, OperatorEntry by)
    {
        lock (_lock)
            return _cancelled.TryGetValue(job, out Entry? entry) && IsOf(entry, by.SigningKey) && _cancelled.Remove(job);
    }

    private static bool IsOf(Entry entry, byte[] key) => entry.By.AsSpan().SequenceEqual(key);

    private sealed record Entry(byte[] By, long At);
}
