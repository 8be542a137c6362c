namespace Pantry.Transport.Gates;

/// <summary>
/// Judges the frames a peer sends after its handshake, as a state machine over the bytes as they come. It keeps no
/// bodies. No I/O, no clock; the outcome does not depend on how the bytes are split.
/// </summary>
/// <param name="profile">What the peer may send.</param>
/// <param name="largeMessageBytes">A message that announces more than this stops for a grant.</param>
internal sealed class FrameParser(GateProfile profile, long largeMessageBytes)
{
    private const byte More = 0x01;
    private const byte Long = 0x02;
    private const byte Command = 0x04;

    private readonly SubscriptionFilter? _subscriptions = profile.SubscriptionsOnly ? new SubscriptionFilter(profile) : null;
    private Stage _stage;
    private byte _flags;
    private int _sizeBytesLeft;
    private ulong _size;
    private int _frames;
    private long _announced;
    private long _granted;

    private enum Stage
    {
        Flags,
        Size,
        AwaitGrant,
        Body,
        Refused,
    }

    /// <summary>Bytes of the present frame's body that are still to come.</summary>
    public long BodyLeft { get; private set; }

    /// <summary>Bytes that must be granted before the parser goes on.</summary>
    public long Ungranted => _stage == Stage.AwaitGrant ? _announced - _granted : 0;

    /// <summary>Whether a message is begun and not complete.</summary>
    public bool IsInsideMessage => _stage != Stage.Flags || _frames > 0;

    /// <summary>Complete messages so far.</summary>
    public long Messages { get; private set; }

    /// <summary>Live subscriptions of the peer, where it may have any.</summary>
    public IReadOnlyCollection<UInt128> Subscriptions => _subscriptions?.Live ?? [];

    /// <summary>Takes bytes as they came, up to a pause.</summary>
    public FrameStep Feed(ReadOnlySpan<byte> bytes)
    {
        int used = 0;
        if (_stage is Stage.AwaitGrant or Stage.Refused || (_granted > 0 && !IsInsideMessage))
            throw new InvalidOperationException($"Bytes were fed to a parser in stage {_stage}.");

        while (used < bytes.Length)
        {
            GateRefusal refusal;
            if (_stage == Stage.Body)
            {
                int taken = (int)Math.Min(BodyLeft, bytes.Length - used);
                refusal = TakeBody(bytes.Slice(used, taken), out int judged);
                used += judged;
            }
            else
            {
                byte value = bytes[used++];
                refusal = _stage == Stage.Flags ? TakeFlags(value) : TakeSize(value);
            }

            if (refusal != GateRefusal.None)
            {
                _stage = Stage.Refused;
                return new FrameStep(used, refusal, FramePause.None);
            }

            if (_stage == Stage.AwaitGrant)
                return new FrameStep(used, GateRefusal.None, FramePause.NeedsGrant);
            if (!IsInsideMessage)
                return new FrameStep(used, GateRefusal.None, FramePause.MessageEnded);
        }

        return new FrameStep(used, GateRefusal.None, FramePause.None);
    }

    /// <summary>Grants what <see cref="Ungranted"/> asks for.</summary>
    public void Grant()
    {
        if (_stage != Stage.AwaitGrant)
            throw new InvalidOperationException("No grant was asked for.");
        _granted = _announced;
        BeginBody();
    }

    /// <summary>Takes the grant of a message that has ended back.</summary>
    /// <returns>How many bytes had been granted.</returns>
    public long TakeBackGrant()
    {
        if (IsInsideMessage)
            throw new InvalidOperationException("The message has not ended.");
        long granted = _granted;
        _granted = 0;
        return granted;
    }

    private GateRefusal TakeFlags(byte flags)
    {
        if ((flags & Command) != 0)
            return GateRefusal.CommandFrame;
        if ((flags & ~(More | Long)) != 0)
            return GateRefusal.ReservedFlags;
        if (++_frames >= profile.MaxFramesPerMessage && (flags & More) != 0)
            return _subscriptions is null ? GateRefusal.TooManyFrames : GateRefusal.BadSubscription;

        _flags = flags;
        _size = 0;
        _sizeBytesLeft = (flags & Long) != 0 ? sizeof(ulong) : sizeof(byte);
        _stage = Stage.Size;
        return GateRefusal.None;
    }

    private GateRefusal TakeSize(byte value)
    {
        _size = (_size << 8) | value;
        if (--_sizeBytesLeft > 0)
            return GateRefusal.None;

        if (_subscriptions is not null && !_subscriptions.Begin(_size))
            return GateRefusal.BadSubscription;
        if (_size > (ulong)profile.MaxFrameBytes)
            return GateRefusal.FrameTooLarge;
        _announced += (long)_size;
        if (_announced > profile.MaxMessageBytes)
            return GateRefusal.MessageTooLarge;

        BodyLeft = (long)_size;
        // Small frames add up too, so the sum over the message counts.
        if (_announced > largeMessageBytes && _announced > _granted)
            _stage = Stage.AwaitGrant;
        else
            BeginBody();
        return GateRefusal.None;
    }

    private GateRefusal TakeBody(ReadOnlySpan<byte> body, out int judged)
    {
        judged = body.Length;
        if (_subscriptions is not null)
        {
            GateRefusal refusal = _subscriptions.Take(body, out judged);
            if (refusal != GateRefusal.None)
                return refusal;
        }

        BodyLeft -= body.Length;
        if (BodyLeft == 0)
            EndFrame();
        return GateRefusal.None;
    }

    private void BeginBody()
    {
        _stage = Stage.Body;
        if (BodyLeft == 0)
            EndFrame();
    }

    private void EndFrame()
    {
        _stage = Stage.Flags;
        if ((_flags & More) != 0)
            return;

        Messages++;
        _frames = 0;
        _announced = 0;
    }
}
