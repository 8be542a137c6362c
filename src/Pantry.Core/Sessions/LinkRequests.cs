using System.Collections.Concurrent;
using Pantry.Protocol;
using Pantry.Transport;

namespace Pantry.Sessions;

/// <summary>Requests under way on a link, by the number that their answers carry.</summary>
internal sealed class LinkRequests(LinkContext context, Func<Message, Task<SendOutcome>> send)
{
    private readonly ConcurrentDictionary<ulong, Action<Message>> _waiting = new();
    private ulong _lastNumber;

    /// <summary>Sends a request and waits for its answer.</summary>
    /// <exception cref="PantryException">The server refused, the link was lost, or no answer came in time.</exception>
    public async Task<Message> AskAsync(MessageKind kind, object head, IReadOnlyList<byte[]> bodies, TimeSpan timeout, CancellationToken cancellation)
    {
        var answer = new TaskCompletionSource<Message>(TaskCreationOptions.RunContinuationsAsynchronously);
        using OpenRequest request = Open(message => answer.TrySetResult(message));
        if (await send(new Message(kind, head, request.Number) { Bodies = bodies }).ConfigureAwait(false) != SendOutcome.Sent)
            throw context.Lost();
        try
        {
            Message message = await answer.Task.WaitAsync(timeout, context.Time, cancellation).ConfigureAwait(false);
            return message.Head is Refused refused ? throw FromRefused(refused) : message;
        }
        catch (TimeoutException)
        {
            throw new PantryException(PantryErrorCode.TimedOut, $"The server {context.Server} did not answer {kind} within {timeout.TotalSeconds:0.#} s.");
        }
    }

    /// <summary>Sends a request whose answer comes in several messages; each goes to <paramref name="received"/>, on the reading task, until the result is disposed.</summary>
    /// <exception cref="PantryException">The link was lost.</exception>
    public async Task<IDisposable> AskStreamAsync(MessageKind kind, object head, Action<Message> received)
    {
        OpenRequest request = Open(received);
        if (await send(new Message(kind, head, request.Number)).ConfigureAwait(false) == SendOutcome.Sent)
            return request;
        request.Dispose();
        throw context.Lost();
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
    public void FailAll()
    {
        PantryException why = context.Lost();
        foreach (Action<Message> received in _waiting.Values)
            received(new Message(MessageKind.Refused, new Refused(why.Code.ToString(), why.Message)));
    }

    public static PantryException FromRefused(Refused refused) => new(
        Enum.TryParse(refused.Code, out PantryErrorCode code) && Enum.IsDefined(code) ? code : PantryErrorCode.Refused,
        DisplayText.Clean(refused.Message, 2000));

    private OpenRequest Open(Action<Message> received)
    {
        ulong number = Interlocked.Increment(ref _lastNumber);
        _waiting[number] = received;
        return new OpenRequest(number, () => _waiting.TryRemove(number, out _));
    }

    private sealed class OpenRequest(ulong number, Action end) : IDisposable
    {
        public ulong Number => number;

        public void Dispose() => end();
    }
}
