namespace Pantry.Transport.Gates;

/// <summary>
/// Traffic with an XPUB: a message comes once and goes to all connections that subscribed to its topic. The endpoint hears
/// of a topic's first subscriber and of the last one's end, as it would without a gate.
/// </summary>
internal sealed class TopicFanOut : IGateTraffic
{
    private const int KindBytes = 1;

    private readonly Lock _lock = new();
    private readonly Dictionary<UInt128, Subscribers> _topics = [];
    private readonly GateCounters _counters;
    private readonly int _topicBytes;

    public TopicFanOut(GateContext context, Action linkEnded, CancellationToken stopping)
    {
        _counters = context.Counters;
        _topicBytes = context.Profile.TopicBytes;
        Link = new GateLink(context, _topicBytes, Deliver, null, Ended, stopping);

        void Ended()
        {
            // The next link's endpoint knows of no topic, and connections of this one may end after it has come.
            lock (_lock)
                _topics.Clear();
            linkEnded();
        }
    }

    /// <inheritdoc/>
    public GateLink Link { get; }

    /// <inheritdoc/>
    public ValueTask<bool> TakeAsync(PeerConnection from, ReadOnlyMemory<byte> message)
    {
        // Judged: one frame of a short header, a kind and a topic. One that changes nothing says what the peer has said before.
        UInt128 topic = TopicKey.Of(message.Span[^_topicBytes..]);
        return from.SubscriptionsChanged switch
        {
            > 0 => Add(from, topic),
            < 0 => Remove(from, topic),
            _ => ValueTask.FromResult(true),
        };
    }

    /// <inheritdoc/>
    public async Task EndAsync(PeerConnection connection)
    {
        foreach (UInt128 topic in connection.Subscriptions)
            await Remove(connection, topic);
    }

    private ValueTask<bool> Add(PeerConnection connection, UInt128 topic)
    {
        lock (_lock)
        {
            if (_topics.TryGetValue(topic, out Subscribers? subscribers))
            {
                subscribers.Add(connection);
                return ValueTask.FromResult(true);
            }

            ValueTask<bool> told = TellAsync(topic, 1);
            // Without a link nobody is told, and whoever subscribes next has to tell. One that ends while this waits takes the topic with it.
            if (!told.IsCompletedSuccessfully || told.Result)
                _topics.Add(topic, new Subscribers(connection));
            return told;
        }
    }

    private ValueTask<bool> Remove(PeerConnection connection, UInt128 topic)
    {
        lock (_lock)
        {
            if (!_topics.TryGetValue(topic, out Subscribers? subscribers) || !subscribers.Remove(connection))
                return ValueTask.FromResult(true);
            _topics.Remove(topic);
            return TellAsync(topic, 0);
        }
    }

    // Under the lock, so that the endpoint is told in the order of things.
    private ValueTask<bool> TellAsync(UInt128 topic, byte kind)
    {
        byte[] frame = new byte[2 + KindBytes + _topicBytes];
        frame[1] = (byte)(KindBytes + _topicBytes);
        frame[2] = kind;
        TopicKey.Write(topic, frame.AsSpan(2 + KindBytes));
        return Link.WriteAsync(null, frame);
    }

    private void Deliver(LinkMessage message)
    {
        ReadOnlySpan<PeerConnection> all;
        lock (_lock)
        {
            if (!_topics.TryGetValue(TopicKey.Of(message.Key), out Subscribers? subscribers))
                return;
            all = subscribers.All;
        }

        byte[]? copy = null;
        foreach (PeerConnection connection in all)
        {
            if (!connection.Offer(message.Whole, ref copy))
                _counters.CountMissed();
        }
    }

    /// <summary>Who has subscribed to one topic.</summary>
    private sealed class Subscribers(PeerConnection first)
    {
        private readonly List<PeerConnection> _list = [first];
        private PeerConnection[]? _all;

        /// <summary>All of them, as they are now.</summary>
        public PeerConnection[] All => _all ??= [.. _list];

        public void Add(PeerConnection connection)
        {
            _list.Add(connection);
            _all = null;
        }

        /// <summary>True if nobody is left.</summary>
        public bool Remove(PeerConnection connection)
        {
            int at = _list.IndexOf(connection);
            if (at < 0)
                return false;
            _list[at] = _list[^1];
            _list.RemoveAt(_list.Count - 1);
            _all = null;
            return _list.Count == 0;
        }
    }
}
