namespace Pantry.Transport.Gates;

/// <summary>
/// Lets through subscriptions to whole topic ids. The live ones are remembered rather than counted: a peer that
/// unsubscribes from what it never subscribed to would otherwise earn itself new places.
/// </summary>
internal sealed class SubscriptionFilter(GateProfile profile)
{
    private const byte Unsubscribe = 0;
    private const byte Subscribe = 1;

    private readonly byte[] _body = new byte[1 + profile.TopicBytes];
    private HashSet<UInt128>? _live;
    private int _length;

    /// <summary>Live subscriptions.</summary>
    public IReadOnlyCollection<UInt128> Live => _live ?? (IReadOnlyCollection<UInt128>)[];

    /// <summary>Begins a frame of the given size.</summary>
    public bool Begin(ulong size)
    {
        _length = 0;
        return size == (ulong)_body.Length;
    }

    /// <summary>Takes a piece of the frame's body.</summary>
    public GateRefusal Take(ReadOnlySpan<byte> piece, out int judged)
    {
        judged = piece.Length;
        if (_length == 0 && piece.Length > 0 && piece[0] is not (Subscribe or Unsubscribe))
        {
            judged = 1;
            return GateRefusal.BadSubscription;
        }

        piece.CopyTo(_body.AsSpan(_length));
        _length += piece.Length;
        return _length < _body.Length ? GateRefusal.None : Apply();
    }

    private GateRefusal Apply()
    {
        UInt128 topic = TopicKey.Of(_body.AsSpan(1));
        _live ??= [];
        if (_body[0] == Unsubscribe)
        {
            _live.Remove(topic);
            return GateRefusal.None;
        }

        _live.Add(topic);
        return _live.Count > profile.MaxSubscriptions ? GateRefusal.TooManySubscriptions : GateRefusal.None;
    }
}
