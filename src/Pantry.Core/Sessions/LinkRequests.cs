using System.Collections.Concurrent;
using Pantry.Protocol;

namespace Pantry.Sessions;

/// <summary>Requests under way on a link, by the number that their answers carry.</summary>
internal sealed class LinkRequests
{
    private readonly ConcurrentDictionary<ulong, Action<Message>> _waiting = new();
    private ulong _lastNumber;

    /// <summary>Whose answers go to <paramref name="received"/>, on the reading task, until the result is disposed.</summary>
    public OpenRequest Open(Action<Message> received)
    {
        ulong number = Interlocked.Increment(ref _lastNumber);
        _waiting[number] = received;
        return new OpenRequest(number, () => _waiting.TryRemove(number, out _));
    }

    /// <summary>False where the message answers nothing.</summary>
    public bool TryAnswer(Message message)
    {
        if (message.Correlation == 0 || !_waiting.TryGetValue(message.Correlation, out Action<Message>? received))
            return false;
        received(message);
        return true;
    }

    /// <summary>The link is gone: nothing that is under way is answered any more.</summary>
    public void FailAll(PantryException why)
    {
        foreach (Action<Message> received in _waiting.Values)
            received(new Message(MessageKind.Refused, new Refused(why.Code.ToString(), why.Message)));
    }
}

/// <summary>A request under way.</summary>
internal sealed class OpenRequest(ulong number, Action end) : IDisposable
{
    public ulong Number => number;

    public void Dispose() => end();
}
