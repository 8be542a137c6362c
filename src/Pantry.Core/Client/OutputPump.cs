using Microsoft.Extensions.Logging;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Transport;

namespace Pantry.Client;

/// <summary>
/// Brings a command's output to the server while it runs. It looks at what the command keeps anyway, a few times a second, so the command
/// never waits for it; and holds no more than a window of pieces that the server does not have. What has not been sent when the command
/// ends comes with its result.
/// </summary>
internal sealed class OutputPump : ILiveOutput, IDisposable
{
    private readonly Lock _lock = new();
    private readonly Queue<Message> _unconfirmed = new();
    private readonly LiveStream?[] _streams = new LiveStream?[OutputPiece.Streams];
    private readonly CancellationTokenSource _ended = new();
    private readonly string _job;
    private readonly Func<Message, Task<SendOutcome>> _send;
    private readonly SecretRedactor _secrets;
    private readonly PantryOptions _options;
    private readonly TimeProvider _time;
    private readonly Action<OutputPump> _gone;
    private readonly ILogger _log;
    private int _next;
    private int _oldest;
    // Pieces below this one have been sent on the link as it is now.
    private int _sent;
    private int _turn;
    private long _movedAt;

    public OutputPump(
        string job, Func<Message, Task<SendOutcome>> send, SecretRedactor secrets, PantryOptions options, TimeProvider time, Action<OutputPump> gone,
        ILogger log)
    {
        (_job, _send, _secrets, _options, _time, _gone, _log) = (job, send, secrets, options, time, gone, log);
        _movedAt = time.GetTimestamp();
        _ = Task.Run(RunAsync);
    }

    public string Job => _job;

    public void Attach(int stream, IOutputSource source, string? textEncoding = null)
    {
        lock (_lock)
            _streams[stream] ??= new LiveStream(stream, source, textEncoding, _secrets);
    }

    /// <summary>The server has the pieces below a place, or wants them no more.</summary>
    public void Confirm(int below)
    {
        lock (_lock)
        {
            for (; _oldest < below && _unconfirmed.Count > 0; _oldest++)
                _unconfirmed.Dequeue();
            _sent = Math.Max(_sent, _oldest);
            _movedAt = _time.GetTimestamp();
        }
    }

    /// <summary>There is another link: what was sent on the last one may not have come.</summary>
    public void Resume()
    {
        lock (_lock)
            _sent = _oldest;
    }

    /// <summary>The command has ended: nothing more is sent, its result has all of it.</summary>
    public void Dispose()
    {
        _gone(this);
        _ended.Cancel();
    }

    private async Task RunAsync()
    {
        try
        {
            using var tick = new PeriodicTimer(_options.LiveInterval, _time);
            while (await tick.WaitForNextTickAsync(_ended.Token).ConfigureAwait(false))
            {
                Collect();
                while (!_ended.IsCancellationRequested && NextToSend() is { } piece && await _send(piece).ConfigureAwait(false) == SendOutcome.Sent)
                    NoteSent(piece.HeadAs<OutputPiece>().Sequence);
            }
        }
        catch (OperationCanceledException)
        {
            // The command has ended.
        }
        catch (Exception exception)
        {
            // The command and its result have nothing to do with it: what is missing comes at its end.
            _log.LogError("Live output of job {Job} ends before its command, inside Pantry: {Error}", _job, _secrets.Redact(exception.ToString()));
            _gone(this);
        }
    }

    // Of each stream one piece in turn, but a record that goes on before any other.
    private void Collect()
    {
        lock (_lock)
        {
            if (_unconfirmed.Count > 0 && _time.GetElapsedTime(_movedAt) > _options.ResultRetry)
                (_sent, _movedAt) = (_oldest, _time.GetTimestamp());
            for (int empty = 0; _unconfirmed.Count < _options.LiveWindow && empty < _streams.Length;)
            {
                LiveStream? stream = _streams[_turn];
                if (stream?.Next() is not { } cut)
                {
                    if (stream is { IsInside: true })
                        return;
                    empty++;
                }
                else
                {
                    empty = 0;
                    var piece = new OutputPiece(_job, _next++, 0, stream.Number, cut.Place, cut.More, cut.Truncated, stream.TextEncoding);
                    _unconfirmed.Enqueue(new Message(MessageKind.OutputPiece, piece) { Bodies = [cut.Bytes] });
                    _movedAt = _unconfirmed.Count == 1 ? _time.GetTimestamp() : _movedAt;
                }

                if (stream is not { IsInside: true })
                    _turn = (_turn + 1) % _streams.Length;
            }
        }
    }

    private Message? NextToSend()
    {
        lock (_lock)
        {
            return _sent < _next && _unconfirmed.ElementAtOrDefault(_sent - _oldest) is { } piece
                ? piece with { Head = piece.HeadAs<OutputPiece>() with { Oldest = _oldest } }
                : null;
        }
    }

    private void NoteSent(int sequence)
    {
        lock (_lock)
        {
            // Unless there is another link by now.
            if (_sent == sequence)
                _sent++;
        }
    }
}
