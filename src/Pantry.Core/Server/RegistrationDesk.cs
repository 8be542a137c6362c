using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Pantry.Protocol;

namespace Pantry.Server;

/// <summary>
/// Where those who are not let in wait for the disk, one after the other and apart from those who are. A peer has one place,
/// with the newest of what it asked; who comes when the line is full is dropped, and asks again.
/// </summary>
internal sealed class RegistrationDesk(ServerCounters counters, ILogger log)
{
    private const int MostWaiting = 4096;

    private readonly Lock _lock = new();
    private readonly Dictionary<ServerSession, Message> _newest = [];
    private readonly Channel<ServerSession> _line = Channel.CreateBounded<ServerSession>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });
    private int _working;

    /// <param name="session">Who asks.</param>
    /// <param name="message">What it asks.</param>
    /// <param name="handle">Answers; always the same.</param>
    public void Offer(ServerSession session, Message message, Action<ServerSession, Message> handle)
    {
        lock (_lock)
        {
            if (_newest.ContainsKey(session))
            {
                _newest[session] = message;
                counters.Dropped("AskedAgain");
                return;
            }

            if (!_line.Writer.TryWrite(session))
            {
                counters.Dropped("RegistrationsWaiting");
                return;
            }

            _newest.Add(session, message);
        }

        if (Interlocked.Exchange(ref _working, 1) == 0)
            _ = Task.Run(() => Work(handle));
    }

    private void Work(Action<ServerSession, Message> handle)
    {
        do
        {
            while (_line.Reader.TryRead(out ServerSession? session))
                Handle(session, handle);
            Volatile.Write(ref _working, 0);
        }
        while (_line.Reader.TryPeek(out _) && Interlocked.Exchange(ref _working, 1) == 0);
    }

    private void Handle(ServerSession session, Action<ServerSession, Message> handle)
    {
        Message? message;
        lock (_lock)
            _newest.Remove(session, out message);
        if (message is null || session.Closed)
            return;
        try
        {
            handle(session, message);
        }
        catch (Exception exception)
        {
            counters.Dropped("HandlerFailed");
            log.LogError(exception, "A registration could not be handled.");
        }
    }
}
