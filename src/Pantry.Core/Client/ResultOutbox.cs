using Pantry.Configuration;
using Pantry.Protocol;

namespace Pantry.Client;

/// <summary>Results until the server has them: each is sent again, on every new link and from time to time, until it is confirmed.</summary>
internal sealed class ResultOutbox(PantryOptions options, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Pending> _pending = [];
    private TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _bytes;

    /// <summary>Completes when no result waits.</summary>
    public Task Empty
    {
        get
        {
            lock (_lock)
                return _pending.Count == 0 ? Task.CompletedTask : _empty.Task;
        }
    }

    public int Count
    {
        get
        {
            lock (_lock)
                return _pending.Count;
        }
    }

    /// <summary>Keeps a result; what passes the limit goes without its output, and says so.</summary>
    public Message Add(Message result)
    {
        lock (_lock)
        {
            if (result.HeadAs<Result>() is { Error: { } error } head && error.Message.Length > options.Wire.MaxErrorCharacters)
                result = result with { Head = head with { Truncated = true, Error = error with { Message = error.Message[..options.Wire.MaxErrorCharacters] } } };
            long size = result.Bodies.Sum(body => (long)body.Length);
            if (_bytes + size > options.OutboxBytes || size > options.Wire.MaxResultBytes)
            {
                result = result with { Head = result.HeadAs<Result>() with { Truncated = true, Format = BodyFormat.None }, Bodies = [] };
                size = 0;
            }

            _pending[result.HeadAs<Result>().Job] = new Pending(result, size) { SentAt = time.GetTimestamp() };
            _bytes += size;
            return result;
        }
    }

    public Message? Find(string job)
    {
        lock (_lock)
            return _pending.TryGetValue(job, out Pending? pending) ? pending.Message : null;
    }

    public void Confirm(string job)
    {
        lock (_lock)
        {
            if (_pending.Remove(job, out Pending? pending))
                _bytes -= pending.Size;
            if (_pending.Count > 0)
                return;
            _empty.TrySetResult();
            _empty = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>What to send now: everything on a new link, else what has waited too long.</summary>
    public IReadOnlyList<Message> Due(bool everything)
    {
        long now = time.GetTimestamp();
        lock (_lock)
        {
            var due = new List<Message>();
            foreach (Pending pending in _pending.Values)
            {
                if (!everything && time.GetElapsedTime(pending.SentAt, now) < options.ResultRetry)
                    continue;
                pending.SentAt = now;
                due.Add(pending.Message);
            }

            return due;
        }
    }

    private sealed class Pending(Message message, long size)
    {
        public Message Message { get; } = message;

        public long Size { get; } = size;

        public long SentAt { get; set; }
    }
}
