namespace Pantry.Transport.Gates;

internal sealed partial class PeerConnection
{
    private readonly InboundBuffer _inbound = new();
    private long _reserved;
    private bool _heard;
    private bool _readMore;
    private int _subscriptions;
    private TimeSpan _messageTimeLeft;
    private TokenBucket _messageRate;
    private TokenBucket _byteRate;

    /// <summary>Bytes held to read into; none while it waits between two messages.</summary>
    public int BufferBytes => _inbound.Length;

    /// <summary>Live subscriptions of the peer.</summary>
    public IReadOnlyCollection<UInt128> Subscriptions => _frames.Subscriptions;

    /// <summary>What the message that is being taken did to their number.</summary>
    public int SubscriptionsChanged { get; private set; }

    /// <summary>Judges every byte of the peer and hands in its messages, until it closes.</summary>
    private async Task ReadAllAsync()
    {
        _messageTimeLeft = _context.Limits.MessageTimeout;
        _heard = !_inbound.IsJudged;
        bool taken = true;
        do
        {
            if (!_inbound.IsJudged)
                taken = await HandInAsync();
        }
        while (taken && !IsDismissed && await ReadAsync());

        if (Reason != GateRefusal.None)
            return;
        // The peer has closed, or is not listened to any more. What it still says is taken and thrown away, because
        // unread bytes would reset the connection under what goes to it.
        await QuietSocket.DiscardAsync(_socket, _inbound.Room(ZmtpHandshake.BufferBytes));
    }

    private async ValueTask<bool> ReadAsync()
    {
        bool inside = _frames.IsInsideMessage;
        long waitFrom = 0;
        if (inside)
        {
            waitFrom = _context.Clock.Now;
            _deadlines.Expect(_messageTimeLeft, GateRefusal.MessageTimeout);
        }
        else if (!_heard)
        {
            _deadlines.Expect(_context.Limits.FirstMessageTimeout, GateRefusal.FirstMessageTimeout);
        }

        int count = await ReceiveAsync();
        if (inside || !_heard)
            _deadlines.Met();
        if (inside)
            _messageTimeLeft -= TimeSpan.FromMilliseconds(_context.Clock.Now - waitFrom);
        _deadlines.MarkActivity();
        _heard = true;
        _inbound.Add(count);
        return count > 0;
    }

    /// <summary>
    /// Waits with no more than the beginning of a message, unless there is more to read already. A large buffer is only
    /// for a message whose size has been granted, so what all buffers hold is bounded by the budget.
    /// </summary>
    private async ValueTask<int> ReceiveAsync()
    {
        int size = _context.Limits.SmallBufferBytes;
        if (_reserved > 0)
        {
            size = (int)Math.Clamp(_frames.BodyLeft, size, _context.Limits.BufferBytes);
            return await QuietSocket.TryReceiveAsync(_socket, _inbound.Room(size));
        }

        int? count = _readMore ? QuietSocket.TryReceiveAtOnce(_socket, _inbound.Room(size).Span) : null;
        while (count is null)
        {
            _inbound.Rest();
            await QuietSocket.TryReceiveAsync(_socket, Memory<byte>.Empty);
            // Such a wait also ends for an event whose bytes were read before.
            count = QuietSocket.TryReceiveAtOnce(_socket, _inbound.Room(size).Span);
        }

        _readMore = count >= size;
        return count.Value;
    }

    /// <summary>Judges what came and hands in the messages that are complete.</summary>
    private async ValueTask<bool> HandInAsync()
    {
        int bytes = 0, messages = 0;
        while (!_inbound.IsJudged)
        {
            FrameStep step = _frames.Feed(_inbound.Unjudged);
            _inbound.Judge(step.Consumed);
            bytes += step.Consumed;
            if (step.Refusal != GateRefusal.None)
            {
                Cut(step.Refusal);
                return false;
            }

            if (step.Pause == FramePause.NeedsGrant && !await ReserveAsync())
                return false;
            if (step.Pause != FramePause.MessageEnded)
                continue;
            messages++;
            if (!await HandInAsync(_inbound.TakeMessage()))
                return false;
            GiveBack(_frames.TakeBackGrant());
        }

        if (messages > 0)
            _messageTimeLeft = _context.Limits.MessageTimeout;
        long now = _context.Clock.Now;
        TimeSpan pause = Longest(_messageRate.Spend(messages, now), _byteRate.Spend(bytes, now));
        if (pause <= TimeSpan.Zero)
            return true;
        _inbound.Rest();
        await _context.Clock.Delay(pause, _life.Token);
        return true;
    }

    private async ValueTask<bool> HandInAsync(ReadOnlyMemory<byte> message)
    {
        int subscriptions = _frames.Subscriptions.Count;
        SubscriptionsChanged = subscriptions - _subscriptions;
        _subscriptions = subscriptions;
        if (IsDismissed)
            return false;
        if (!_traffic.Link.Up.IsCompleted && !_context.IsStopping)
        {
            _deadlines.Expect(_context.Limits.BackendTimeout, GateRefusal.BackendUnavailable);
            await _traffic.Link.Up.WaitAsync(_life.Token);
            _deadlines.Met();
        }

        if (await _traffic.TakeAsync(this, message))
            return true;
        // While the gate stops, what our endpoint said before it closed still goes out.
        if (!_context.IsStopping)
            Cut(GateRefusal.BackendUnavailable);
        return false;
    }

    /// <summary>Takes the announced size from the budget before anything of that size is read.</summary>
    private async ValueTask<bool> ReserveAsync()
    {
        long bytes = _frames.Ungranted;
        if (!_context.Budget.TryTake(bytes))
        {
            _inbound.Rest();
            // One that already holds a part must not hold it for ever while others do the same.
            if (_reserved > 0)
                _deadlines.Expect(_messageTimeLeft, GateRefusal.MessageTimeout);
            await _context.Budget.TakeAsync(bytes, _life.Token);
            _deadlines.Met();
            _reserved += bytes;
            // Nobody looked at the peer meanwhile. If it has gone, those who wait behind need not wait for it.
            if (QuietSocket.HasClosed(_socket))
                return false;
        }
        else
        {
            _reserved += bytes;
        }

        _frames.Grant();
        return true;
    }

    private void GiveBack(long bytes)
    {
        _reserved -= bytes;
        _context.Budget.Return(bytes);
    }

    private static TimeSpan Longest(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
