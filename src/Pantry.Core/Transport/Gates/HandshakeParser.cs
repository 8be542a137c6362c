namespace Pantry.Transport.Gates;

/// <summary>
/// Greeting and READY of one peer, as a state machine over the bytes as they come. No I/O, no clock; the outcome does
/// not depend on how the bytes are split.
/// </summary>
internal sealed class HandshakeParser(Func<string, bool> accepts)
{
    private readonly byte[] _greeting = new byte[ZmtpGreeting.Length];
    private int _greetingLength;
    private byte[] _ready = [];
    private int _readyLength;
    private Stage _stage;

    private enum Stage
    {
        Greeting,
        Flags,
        Size,
        Body,
        Done,
        Refused,
    }

    /// <summary>Both parts came and are as they must be.</summary>
    public bool IsDone => _stage == Stage.Done;

    /// <summary>Why the peer is refused, or <see cref="GateRefusal.None"/>.</summary>
    public GateRefusal Refusal { get; private set; }

    /// <summary>Socket type that READY names, printable.</summary>
    public string? SeenType { get; private set; }

    /// <summary>What came of the greeting, the wrong byte included.</summary>
    public ReadOnlySpan<byte> Greeting => _greeting.AsSpan(0, _greetingLength);

    /// <summary>A parser that takes one socket type only.</summary>
    public static HandshakeParser ForPeer(ZmtpSocketType type)
    {
        string name = type.WireName();
        return new HandshakeParser(seen => seen == name);
    }

    /// <summary>A parser for our own endpoint, which may be the X variant of a type.</summary>
    public static HandshakeParser ForBackend(ZmtpSocketType type)
    {
        string name = type.WireName();
        return new HandshakeParser(seen => seen == name || seen == "X" + name);
    }

    /// <summary>Takes bytes as they came.</summary>
    /// <returns>How many were part of the handshake; the rest are the first message's.</returns>
    public int Feed(ReadOnlySpan<byte> bytes)
    {
        int used = 0;
        while (used < bytes.Length && _stage < Stage.Done)
            Take(bytes[used++]);
        return used;
    }

    private void Take(byte value)
    {
        switch (_stage)
        {
            case Stage.Greeting:
                _greeting[_greetingLength++] = value;
                if (RefuseIf(ZmtpGreeting.Check(Greeting)))
                    return;
                if (_greetingLength == ZmtpGreeting.Length)
                    _stage = Stage.Flags;
                break;
            case Stage.Flags:
                if (!RefuseIf(value == ZmtpReady.CommandFlags ? GateRefusal.None : GateRefusal.MalformedReady))
                    _stage = Stage.Size;
                break;
            case Stage.Size:
                if (RefuseIf(value == 0 ? GateRefusal.MalformedReady : GateRefusal.None))
                    return;
                _ready = new byte[value];
                _stage = Stage.Body;
                break;
            case Stage.Body:
                _ready[_readyLength++] = value;
                if (_readyLength == _ready.Length)
                    JudgeReady();
                break;
            default:
                throw new InvalidOperationException("The handshake is over.");
        }
    }

    private void JudgeReady()
    {
        GateRefusal refusal = ZmtpReady.Check(_ready, accepts, out string? seenType);
        SeenType = seenType;
        _ready = [];
        if (!RefuseIf(refusal))
            _stage = Stage.Done;
    }

    private bool RefuseIf(GateRefusal refusal)
    {
        if (refusal == GateRefusal.None)
            return false;
        Refusal = refusal;
        _stage = Stage.Refused;
        return true;
    }
}
