using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Sessions;
using Pantry.Transport;

namespace Pantry.Client;

/// <summary>
/// The topics that a client hears, and the keys that open what is published under them. One that was replaced is heard for a little longer, for what was
/// published before it was.
/// </summary>
internal sealed class HeardTopics(PantryOptions options, TimeProvider time) : IDisposable
{
    // The server's gate lets so many subscriptions through and no more.
    private const int MostReplaced = 256;

    private readonly StreamOpener _streams = new(options.Wire, options.StreamKeyGrace, time);
    private readonly List<(TopicId Id, long ReplacedAt)> _replaced = [];
    private IReadOnlyList<TopicId> _topics = [];

    /// <inheritdoc cref="StreamOpener.Open"/>
    public byte[][]? Open(TopicId topic, byte[] frame) => _streams.Open(topic, frame);

    /// <summary>Hears these from now on, and no others.</summary>
    public async Task ReplaceAsync(ServerLink link, IReadOnlyList<TopicGrant> grants)
    {
        // The keys come before the subscriptions: what is heard can be opened.
        _streams.Replace(grants);
        TopicId[] topics = [.. grants.Select(grant => TopicId.FromBytes(grant.Id))];
        IReadOnlyList<TopicId> before = Interlocked.Exchange(ref _topics, topics);
        lock (_replaced)
            _replaced.AddRange(before.Except(topics).Select(topic => (topic, time.GetTimestamp())));
        await DropReplacedAsync(link).ConfigureAwait(false);
        await link.SetTopicsAsync([], [.. topics.Except(before)]).ConfigureAwait(false);
    }

    /// <summary>Gives up those that were replaced long enough ago.</summary>
    public async Task DropReplacedAsync(ServerLink link)
    {
        TopicId[] due;
        lock (_replaced)
        {
            int tooMany = Math.Max(0, _replaced.Count - MostReplaced);
            due = [.. _replaced.Where((topic, place) => place < tooMany || time.GetElapsedTime(topic.ReplacedAt) > options.HeartbeatInterval).Select(topic => topic.Id)];
            _replaced.RemoveAll(topic => due.Contains(topic.Id));
        }

        if (due.Length > 0)
            await link.SetTopicsAsync([.. due.Except(_topics)], []).ConfigureAwait(false);
    }

    public void Dispose() => _streams.Dispose();
}
