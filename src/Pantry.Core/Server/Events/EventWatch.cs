using System.Threading.Channels;
using Pantry.Security;

namespace Pantry.Server.Events;

/// <summary>What waits for one who watches. Bounded: where they read too slowly the oldest events go, and they are told how many.</summary>
internal sealed class EventWatch : IDisposable
{
    private readonly Func<OperatorEntry?> _by;
    private readonly TimeProvider _time;
    private readonly Action<EventWatch> _gone;
    private readonly Channel<PantryEvent> _queue;
    private int _lost;

    public EventWatch(Func<OperatorEntry?> by, int most, TimeProvider time, Action<EventWatch> gone)
    {
        _by = by;
        _time = time;
        _gone = gone;
        _queue = Channel.CreateBounded<PantryEvent>(
            new BoundedChannelOptions(most) { FullMode = BoundedChannelFullMode.DropOldest }, _ => Interlocked.Increment(ref _lost));
    }

    /// <summary>Adds an event where the operator may know of it: an administrator of all, others of what concerns them.</summary>
    public void Offer(PantryEvent happened, Func<OperatorEntry, bool> concerns)
    {
        if (_by() is { } by && (by.Administrator || concerns(by)))
            _queue.Writer.TryWrite(happened);
    }

    /// <summary>Events, the oldest first; waits for one at most so long. Null once there is nothing more to watch.</summary>
    public async Task<IReadOnlyList<PantryEvent>?> TakeAsync(int most, TimeSpan wait, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(wait, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        try
        {
            if (!await _queue.Reader.WaitToReadAsync(either.Token).ConfigureAwait(false))
                return null;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return [];
        }

        var events = new List<PantryEvent>();
        if (Interlocked.Exchange(ref _lost, 0) is > 0 and int lost)
            events.Add(new PantryEvent { At = _time.GetUtcNow(), Kind = PantryEventKind.EventsLost, Detail = $"{lost:N0} events came faster than they were read and were left out." });
        while (events.Count < most && _queue.Reader.TryRead(out PantryEvent? next))
            events.Add(next);
        return events;
    }

    public void Dispose()
    {
        _gone(this);
        _queue.Writer.TryComplete();
    }
}
