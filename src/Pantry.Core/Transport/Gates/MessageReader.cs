using System.Net.Sockets;

namespace Pantry.Transport.Gates;

/// <summary>Takes a message that has been judged, out of the buffer it is in. False where nothing more is wanted.</summary>
internal delegate ValueTask<bool> MessageTaker(InboundBuffer inbound);

/// <summary>
/// Reads what the foreign side of a connection says after its handshake: judges every byte, and hands in each message when it is whole. While it waits
/// between two messages it holds no buffer.
/// </summary>
/// <param name="socket">The foreign connection.</param>
/// <param name="context">What the gate's connections share.</param>
/// <param name="deadlines">Told what the peer has to do by when.</param>
/// <param name="take">Takes each message.</param>
/// <param name="cut">Cuts the connection.</param>
/// <param name="life">Ends every wait.</param>
internal sealed class MessageReader(
    Socket socket, GateContext context, ConnectionDeadlines deadlines, MessageTaker take, Action<GateRefusal> cut, CancellationToken life)
{
    private readonly InboundBuffer _inbound = new();
    private readonly FrameParser _frames = new(context.Profile, context.Limits.LargeMessageBytes);
    private TokenBucket _messageRate = new(
        context.Limits.MessagesPerSecond, context.Limits.MessagesPerSecond * context.Limits.BurstSeconds, context.Clock.Now);
    private TokenBucket _byteRate = new(
        context.Limits.BytesPerSecond, context.Limits.BytesPerSecond * context.Limits.BurstSeconds, context.Clock.Now);
    private TimeSpan _messageTimeLeft = context.Limits.MessageTimeout;
    private long _reserved;
    private bool _heard;
    private bool _readMore;

    /// <summary>Whether the peer has to speak first, and soon.</summary>
    public bool ExpectsFirstMessage { get; init; }

    /// <summary>Bytes held to read into; none while it waits between two messages.</summary>
    public int BufferBytes => _inbound.Length;

    /// <summary>Live subscriptions of the peer.</summary>
    public IReadOnlyCollection<UInt128> Subscriptions => _frames.Subscriptions;

    /// <summary>Puts in what came with the handshake.</summary>
    public void Add(ReadOnlySpan<byte> bytes) => _inbound.Add(bytes);

    /// <summary>Reads until the peer closes, is cut, or nothing more of it is wanted.</summary>
    public async Task RunAsync()
    {
        _heard = !_inbound.IsJudged;
        bool taken = true;
        do
        {
            if (!_inbound.IsJudged)
                taken = await HandInAsync();
        }
        while (taken && await ReadAsync());
    }

    /// <summary>Takes what the peer still says and throws it away: unread bytes would reset the connection under what goes to it.</summary>
    public Task DiscardAsync() => QuietSocket.DiscardAsync(socket, _inbound.Room(ZmtpHandshake.BufferBytes));

    /// <summary>Gives back all that it holds, when nothing runs any more.</summary>
    public void Release()
    {
        GiveBack(_reserved);
        _inbound.Release();
    }

    private async ValueTask<bool> ReadAsync()
    {
        bool inside = _frames.IsInsideMessage;
        bool isAwaited = ExpectsFirstMessage && !_heard;
        long waitFrom = 0;
        if (inside)
        {
            waitFrom = context.Clock.Now;
            deadlines.Expect(_messageTimeLeft, GateRefusal.MessageTimeout);
        }
        else if (isAwaited)
        {
            deadlines.Expect(context.Limits.FirstMessageTimeout, GateRefusal.FirstMessageTimeout);
        }

        int count = await ReceiveAsync();
        if (inside || isAwaited)
            deadlines.Met();
        if (inside)
            _messageTimeLeft -= TimeSpan.FromMilliseconds(context.Clock.Now - waitFrom);
        deadlines.MarkActivity();
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
        int size = context.Limits.SmallBufferBytes;
        if (_reserved > 0)
        {
            size = (int)Math.Clamp(_frames.BodyLeft, size, context.Limits.BufferBytes);
            return await QuietSocket.TryReceiveAsync(socket, _inbound.Room(size));
        }

        int? count = _readMore ? QuietSocket.TryReceiveAtOnce(socket, _inbound.Room(size).Span) : null;
        while (count is null)
        {
            _inbound.Rest();
            await QuietSocket.TryReceiveAsync(socket, Memory<byte>.Empty);
            // Such a wait also ends for an event whose bytes were read before.
            count = QuietSocket.TryReceiveAtOnce(socket, _inbound.Room(size).Span);
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
                cut(step.Refusal);
                return false;
            }

            if (step.Pause == FramePause.NeedsGrant && !await ReserveAsync())
                return false;
            if (step.Pause != FramePause.MessageEnded)
                continue;
            messages++;
            if (!await take(_inbound))
                return false;
            GiveBack(_frames.TakeBackGrant());
        }

        if (messages > 0)
            _messageTimeLeft = context.Limits.MessageTimeout;
        long now = context.Clock.Now;
        TimeSpan pause = Longest(_messageRate.Spend(messages, now), _byteRate.Spend(bytes, now));
        if (pause <= TimeSpan.Zero)
            return true;
        _inbound.Rest();
        await context.Clock.Delay(pause, life);
        return true;
    }

    /// <summary>Takes the announced size from the budget before anything of that size is read.</summary>
    private async ValueTask<bool> ReserveAsync()
    {
        long bytes = _frames.Ungranted;
        if (!context.Budget.TryTake(bytes))
        {
            _inbound.Rest();
            // One that already holds a part must not hold it for ever while others do the same.
            if (_reserved > 0)
                deadlines.Expect(_messageTimeLeft, GateRefusal.MessageTimeout);
            await context.Budget.TakeAsync(bytes, life);
            deadlines.Met();
            _reserved += bytes;
            // Nobody looked at the peer meanwhile. If it has gone, those who wait behind need not wait for it.
            if (QuietSocket.HasClosed(socket))
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

    private static TimeSpan Longest(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
