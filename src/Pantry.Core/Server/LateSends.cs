using System.Collections.Concurrent;

namespace Pantry.Server;

/// <summary>
/// Sessions with something that may leave a little later: together with others' it costs less, and not in the middle of
/// what somebody waits for. No session is in it twice.
/// </summary>
internal sealed class LateSends(TimeSpan delay)
{
    private readonly ConcurrentQueue<ServerSession> _waiting = new();
    private int _isDue;

    public void Add(ServerSession session)
    {
        _waiting.Enqueue(session);
        if (Interlocked.Exchange(ref _isDue, 1) == 0)
            _ = SendAsync();
    }

    private async Task SendAsync()
    {
        await Task.Delay(delay).ConfigureAwait(false);
        // Before looking: who comes while we look makes it due again.
        Volatile.Write(ref _isDue, 0);
        for (int left = _waiting.Count; left > 0 && _waiting.TryDequeue(out ServerSession? session); left--)
            session.SendLate();
    }
}
