namespace Pantry.Transport.Gates;

internal sealed partial class PeerConnection
{
    private int _subscriptions;

    /// <summary>Bytes held to read into; none while it waits between two messages.</summary>
    public int BufferBytes => _reader.BufferBytes;

    /// <summary>Live subscriptions of the peer.</summary>
    public IReadOnlyCollection<UInt128> Subscriptions => _reader.Subscriptions;

    /// <summary>What the message that is being taken did to their number.</summary>
    public int SubscriptionsChanged { get; private set; }

    /// <summary>Hands in the peer's messages until it closes.</summary>
    private async Task ReadAllAsync()
    {
        await _reader.RunAsync();
        if (Reason == GateRefusal.None)
            await _reader.DiscardAsync();
    }

    private async ValueTask<bool> HandInAsync(InboundBuffer inbound)
    {
        int subscriptions = Subscriptions.Count;
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

        if (await _traffic.TakeAsync(this, inbound.TakeMessage()))
            return !IsDismissed;
        // While the gate stops, what our endpoint said before it closed still goes out.
        if (!_context.IsStopping)
            Cut(GateRefusal.BackendUnavailable);
        return false;
    }
}
