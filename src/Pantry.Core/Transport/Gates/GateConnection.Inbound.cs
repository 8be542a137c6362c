namespace Pantry.Transport.Gates;

internal sealed partial class GateConnection
{
    private readonly ReadBuffer _buffer = new();
    private int _start;
    private int _end;
    private long _reserved;
    private long _messagesSpent;
    private bool _readMore;
    private TimeSpan _messageTimeLeft;
    private TokenBucket _messageRate = new(
        context.Limits.MessagesPerSecond, context.Limits.MessagesPerSecond * context.Limits.BurstSeconds, context.Clock.Now);
    private TokenBucket _byteRate = new(
        context.Limits.BytesPerSecond, context.Limits.BytesPerSecond * context.Limits.BurstSeconds, context.Clock.Now);

    /// <summary>Peer to endpoint: judges every byte and forwards what is good in the pieces it came in.</summary>
    private async Task PumpInAsync()
    {
        _messageTimeLeft = context.Limits.MessageTimeout;
        while (_end > _start || await ReadAsync())
        {
            if (!await ForwardAsync())
                break;
        }

        // The peer has closed. The endpoint gets all that came before, then the end.
        _deadlines.ExpectClose();
        if (_backend is { } backend)
            QuietSocket.Shutdown(backend);
    }

    private async ValueTask<bool> ReadAsync()
    {
        bool inside = _frames.IsInsideMessage;
        long waitFrom = context.Clock.Now;
        if (inside)
            _deadlines.Expect(_messageTimeLeft, GateRefusal.MessageTimeout);

        int size = NextReadSize();
        int count = await QuietSocket.TryReceiveAsync(foreign, _buffer, size, _readMore);
        _deadlines.Met();
        if (inside)
            _messageTimeLeft -= TimeSpan.FromMilliseconds(context.Clock.Now - waitFrom);
        _deadlines.MarkActivity();
        _readMore = QuietSocket.HasMore(foreign, count, size);
        _start = 0;
        _end = count;
        return count > 0;
    }

    /// <summary>
    /// A large buffer is only for the body of a message whose size has been granted, so what all buffers hold is
    /// bounded by the budget; peers that are made to wait hold a small one each.
    /// </summary>
    private int NextReadSize()
    {
        int small = context.Limits.SmallBufferBytes;
        return _reserved > 0 && _frames.BodyLeft > small ? (int)Math.Min(_frames.BodyLeft, context.Limits.BufferBytes) : small;
    }

    private async ValueTask<bool> ForwardAsync()
    {
        int bytes = _end - _start;
        int judged = _start;
        while (judged < _end)
        {
            FrameStep step = _frames.Feed(_buffer.Current.AsSpan(judged, _end - judged));
            judged += step.Consumed;
            if (step.Refusal != GateRefusal.None)
            {
                Cut(step.Refusal);
                return false;
            }

            if (step.Pause == FramePause.MessageEnded)
                GiveBack(_frames.TakeBackGrant());
            else if (step.Pause == FramePause.NeedsGrant && !await ReserveAsync(judged - 1))
                return false;
        }

        if (!await SendOnAsync(_end))
            return false;

        long messages = _frames.Messages - _messagesSpent;
        _messagesSpent = _frames.Messages;
        if (messages > 0)
            _messageTimeLeft = context.Limits.MessageTimeout;
        long now = context.Clock.Now;
        TimeSpan pause = Longest(_messageRate.Spend(messages, now), _byteRate.Spend(bytes, now));
        if (pause > TimeSpan.Zero)
            await context.Clock.Delay(pause, _life.Token);
        return true;
    }

    /// <summary>Takes the announced size from the budget; while it waits, the header's last byte stays here.</summary>
    private async ValueTask<bool> ReserveAsync(int headerEnd)
    {
        long bytes = _frames.Ungranted;
        if (!context.Budget.TryTake(bytes))
        {
            if (!await SendOnAsync(headerEnd))
                return false;
            // One that already holds a part must not hold it for ever while others do the same.
            if (_reserved > 0)
                _deadlines.Expect(_messageTimeLeft, GateRefusal.MessageTimeout);
            await context.Budget.TakeAsync(bytes, _life.Token);
            _deadlines.Met();
            _reserved += bytes;
            // Nobody looked at the peer meanwhile. If it has gone, those who wait behind need not wait for the endpoint
            // to allocate a frame that never comes.
            if (QuietSocket.HasClosed(foreign))
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
        context.Budget.Return(bytes);
    }

    private async ValueTask<bool> SendOnAsync(int end)
    {
        if (end > _start)
        {
            if (!await QuietSocket.TrySendAllAsync(_backend!, _buffer.Current.AsMemory(_start, end - _start)))
            {
                // Our endpoint is gone. What it said before goes out by the other direction; the peer's bytes are
                // taken and thrown away meanwhile, because unread ones would reset the connection under them.
                _deadlines.ExpectClose();
                await QuietSocket.DiscardAsync(foreign, _buffer.Current);
                return false;
            }
        }

        _start = end;
        return true;
    }

    private static TimeSpan Longest(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
