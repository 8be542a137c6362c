using System.Security.Cryptography;
using Pantry.Protocol;
using Pantry.Transport;

namespace Pantry.Sessions;

/// <summary>
/// Opens what is published, with the keys that the server gave. Keys that were replaced open for a while what was published
/// before they were.
/// </summary>
internal sealed class StreamOpener(WireLimits limits, TimeSpan grace, TimeProvider time) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TopicId, Entry> _keys = [];

    /// <summary>These topics are heard from now on, and no others.</summary>
    public void Replace(IReadOnlyList<TopicGrant> grants)
    {
        lock (_lock)
        {
            long now = time.GetTimestamp();
            var kept = grants.Select(grant => TopicId.FromBytes(grant.Id)).ToHashSet();
            foreach ((TopicId id, Entry entry) in _keys.ToList())
            {
                if (entry.ReplacedAt is { } replaced && time.GetElapsedTime(replaced, now) > grace)
                    Forget(id);
                else if (!kept.Contains(id))
                    entry.ReplacedAt ??= now;
            }

            foreach (TopicGrant grant in grants)
            {
                TopicId id = TopicId.FromBytes(grant.Id);
                Forget(id);
                _keys[id] = new Entry(new AesGcm(grant.Key, StreamKey.TagLength));
            }
        }
    }

    /// <summary>The message's frames; null where no key opens them.</summary>
    public byte[][]? Open(TopicId topic, byte[] published)
    {
        if (published.Length < StreamKey.NonceLength + StreamKey.TagLength)
            return null;
        byte[] whole = new byte[published.Length - StreamKey.NonceLength - StreamKey.TagLength];
        lock (_lock)
        {
            if (!_keys.TryGetValue(topic, out Entry? entry) || (entry.ReplacedAt is { } replaced && time.GetElapsedTime(replaced) > grace))
                return null;
            try
            {
                entry.Cipher.Decrypt(
                    published.AsSpan(0, StreamKey.NonceLength), published.AsSpan(StreamKey.NonceLength, whole.Length), published.AsSpan(^StreamKey.TagLength), whole, topic.ToBytes());
            }
            catch (CryptographicException)
            {
                return null;
            }
        }

        return Fragments.Split(whole, limits);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (TopicId id in _keys.Keys.ToList())
                Forget(id);
        }
    }

    private void Forget(TopicId id)
    {
        if (_keys.Remove(id, out Entry? entry))
            entry.Cipher.Dispose();
    }

    private sealed class Entry(AesGcm cipher)
    {
        public AesGcm Cipher => cipher;

        public long? ReplacedAt { get; set; }
    }
}
