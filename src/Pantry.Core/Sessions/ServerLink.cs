using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Transport;

namespace Pantry.Sessions;

/// <summary>
/// One side's conversation with a server, for a client as for an operator: introduces itself whenever the link comes up,
/// keeps it alive, correlates answers with requests, and comes back for ever.
/// </summary>
internal sealed class ServerLink : IAsyncDisposable
{
    private readonly ServerAddress _server;
    private readonly ILinkOwner _owner;
    private readonly PantryOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly SocketLoop _loop;
    private readonly bool _ownsLoop;
    private readonly ConcurrentDictionary<ulong, TaskCompletionSource<Message>> _requests = new();
    private readonly ConcurrentDictionary<ulong, Action<Message>> _streams = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _sending = new(1);
    private readonly SemaphoreSlim _sendingLarge = new(1);
    private readonly TaskCompletionSource _introduced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ClientTransport? _transport;
    private MessageChannel _channel;
    private CancellationTokenSource? _linkLost;
    private Task _reading = Task.CompletedTask;
    private Task _beating = Task.CompletedTask;
    private Task? _stopped;
    private PantryException? _lastFault;
    private ulong _lastCorrelation;
    private long _lastHeard;
    private TimeSpan _heartbeat;
    private TimeSpan _deadAfter;
    private volatile bool _up;
    private volatile bool _ready;
    private volatile bool _leaving;

    private ServerLink(ServerAddress server, ILinkOwner owner, SocketLoop loop, bool ownsLoop, PantryOptions options, TimeProvider time, ILogger log)
    {
        _server = server;
        _owner = owner;
        _loop = loop;
        _ownsLoop = ownsLoop;
        _options = options;
        _time = time;
        _log = log;
        _heartbeat = options.HeartbeatInterval;
        _deadAfter = options.DeadAfter;
        _channel = NewChannel();
    }

    public ServiceStatus Status => _stopped is not null ? ServiceStatus.Stopped : _ready ? ServiceStatus.Running : ServiceStatus.Reconnecting;

    /// <summary>Opens the link and waits for the first introduction.</summary>
    /// <exception cref="PantryException">The server could not be reached, is none, or refused.</exception>
    public static async Task<ServerLink> OpenAsync(
        ServerAddress server, bool hearsOrders, ILinkOwner owner, SocketLoop? loop, PantryOptions options, TimeProvider time, ILogger log,
        CancellationToken cancellation)
    {
        await Addresses.ResolveAsync(server.Host, cancellation).ConfigureAwait(false);
        var link = new ServerLink(server, owner, loop ?? SocketLoop.Start("Pantry link", options.LoopMailbox, log), loop is null, options, time, log);
        try
        {
            link._transport = await ClientTransport.OpenAsync(server, hearsOrders, link._loop, options, time, log).ConfigureAwait(false);
            link._reading = Task.Run(link.ReadAsync, CancellationToken.None);
            link._beating = Task.Run(link.BeatAsync, CancellationToken.None);
            await link.FirstIntroductionAsync(cancellation).ConfigureAwait(false);
            return link;
        }
        catch
        {
            await link.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Sends a message; what is sent while there is no link may be lost, which its sender must reckon with.</summary>
    public async Task<SendOutcome> SendAsync(Message message)
    {
        if (_transport is not { } transport)
            return SendOutcome.Closed;
        // Large messages go one after the other, for the server holds few incomplete ones; small ones slip in between.
        bool large = message.Bodies.Sum(body => (long)body.Length) > _options.Wire.FragmentBytes / 2;
        if (!large)
            return await SendPiecesAsync(transport, message).ConfigureAwait(false);
        await _sendingLarge.WaitAsync().ConfigureAwait(false);
        try
        {
            return await SendPiecesAsync(transport, message).ConfigureAwait(false);
        }
        finally
        {
            _sendingLarge.Release();
        }
    }

    private async Task<SendOutcome> SendPiecesAsync(ClientTransport transport, Message message)
    {
        foreach (byte[][] frames in _channel.Seal(message))
        {
            if (!_up)
                return SendOutcome.Unreachable;
            await _sending.WaitAsync().ConfigureAwait(false);
            try
            {
                SendOutcome outcome = await transport.SendAsync(frames).ConfigureAwait(false);
                if (outcome != SendOutcome.Sent)
                    return outcome;
            }
            finally
            {
                _sending.Release();
            }
        }

        return SendOutcome.Sent;
    }

    /// <summary>Drops some topics and hears others, in the order given.</summary>
    public ValueTask SetTopicsAsync(IReadOnlyList<TopicId> dropped, IReadOnlyList<TopicId> added) =>
        _transport is { } transport ? transport.SetTopicsAsync(dropped, added) : ValueTask.CompletedTask;

    /// <summary>Sends a request and waits for its answer.</summary>
    /// <exception cref="PantryException">The server refused, the link was lost, or no answer came in time.</exception>
    public async Task<Message> RequestAsync(
        MessageKind kind, object head, IReadOnlyList<byte[]> bodies, TimeSpan timeout, CancellationToken cancellation, bool introducing = false)
    {
        if (!introducing && !_ready)
            throw NotReady();
        _leaving |= kind == MessageKind.Leave;
        ulong number = Interlocked.Increment(ref _lastCorrelation);
        var answer = new TaskCompletionSource<Message>(TaskCreationOptions.RunContinuationsAsynchronously);
        _requests[number] = answer;
        try
        {
            SendOutcome outcome = await SendAsync(new Message(kind, head, number) { Bodies = bodies }).ConfigureAwait(false);
            if (outcome != SendOutcome.Sent)
                throw Lost();
            Message message = await answer.Task.WaitAsync(timeout, _time, cancellation).ConfigureAwait(false);
            return message.Head is Refused refused ? throw FromRefused(refused) : message;
        }
        catch (TimeoutException)
        {
            throw new PantryException(PantryErrorCode.TimedOut, $"The server {_server} did not answer {kind} within {timeout.TotalSeconds:0.#} s.");
        }
        finally
        {
            _requests.TryRemove(number, out _);
        }
    }

    /// <summary>Sends a request whose answer comes in several messages; each goes to <paramref name="received"/>, on the reading task.</summary>
    public async Task<IDisposable> RequestStreamAsync(MessageKind kind, object head, Action<Message> received)
    {
        if (!_ready)
            throw NotReady();
        ulong number = Interlocked.Increment(ref _lastCorrelation);
        _streams[number] = received;
        var subscription = new StreamSubscription(() => _streams.TryRemove(number, out _));
        if (await SendAsync(new Message(kind, head, number)).ConfigureAwait(false) != SendOutcome.Sent)
        {
            subscription.Dispose();
            throw Lost();
        }

        return subscription;
    }

    public static PantryException FromRefused(Refused refused) => new(
        Enum.TryParse(refused.Code, out PantryErrorCode code) && Enum.IsDefined(code) ? code : PantryErrorCode.Refused,
        DisplayText.Clean(refused.Message, 2000));

    /// <summary>Says goodbye, lets what was accepted leave, and closes everything.</summary>
    public async ValueTask DisposeAsync()
    {
        Task stopped;
        lock (_stopping)
            stopped = _stopped ??= StopAsync();
        await stopped.ConfigureAwait(false);
    }

    private async Task StopAsync()
    {
        await Task.Yield();
        await _stopping.CancelAsync().ConfigureAwait(false);
        _introduced.TrySetException(new PantryException(PantryErrorCode.Stopped, "The link was stopped."));
        _ = _introduced.Task.Exception;
        if (_transport is { } transport)
            await transport.DisposeAsync().ConfigureAwait(false);
        _ready = false;
        FailRequests();
        await Task.WhenAll(_reading, _beating).ConfigureAwait(false);
        if (_ownsLoop)
            await _loop.DisposeAsync().ConfigureAwait(false);
    }

    private async Task FirstIntroductionAsync(CancellationToken cancellation)
    {
        try
        {
            await _introduced.Task.WaitAsync(_options.ConnectTimeout, _time, cancellation).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw _up
                ? new PantryException(PantryErrorCode.NotAPantryServer,
                    $"Something at {_server} speaks ZeroMQ but did not answer within {_options.ConnectTimeout.TotalSeconds:0.#} s. "
                    + "Check that the port is the receive port of a Pantry server.")
                { Target = _server.ToString() }
                : _lastFault ?? new PantryException(PantryErrorCode.ServerUnreachable,
                    $"No server could be reached at {_server} within {_options.ConnectTimeout.TotalSeconds:0.#} s. Check address and port, and that the server runs.")
                { Target = _server.ToString() };
        }
    }

    private async Task ReadAsync()
    {
        await foreach (ClientEvent happened in _transport!.Events.ConfigureAwait(false))
        {
            try
            {
                if (happened is ClientEvent.LinkChanged change)
                    LinkChanged(change);
                else if (happened is ClientEvent.Received received)
                    Receive(received);
            }
            catch (Exception exception)
            {
                _log.LogError(exception, "A message of the server could not be handled.");
            }
        }
    }

    private void LinkChanged(ClientEvent.LinkChanged change)
    {
        _up = change.Up;
        _ready = false;
        _linkLost?.Cancel();
        _linkLost?.Dispose();
        _linkLost = null;
        FailRequests();
        if (change.Up)
        {
            _channel = NewChannel();
            _lastHeard = _time.GetTimestamp();
            var lost = _linkLost = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
            _ = IntroduceAsync(lost.Token);
            return;
        }

        _lastFault = change.Fault;
        _log.LogInformation("No link to {Server}: {Fault}", _server, change.Fault?.Message);

        // What will not mend by itself is said at once to whoever waits for the first introduction.
        if (change.Fault is { Code: PantryErrorCode.NotAPantryServer or PantryErrorCode.AddressNotLoopback or PantryErrorCode.InvalidAddress } decisive)
            _introduced.TrySetException(decisive);
    }

    private async Task IntroduceAsync(CancellationToken lost)
    {
        for (int refusals = 0; ;)
        {
            try
            {
                (MessageKind kind, object head) = _owner.Introduction();
                Message answer = await RequestAsync(kind, head, [], _options.RegisterRetry, lost, introducing: true).ConfigureAwait(false);
                lost.ThrowIfCancellationRequested();
                await _owner.IntroducedAsync(this, answer).ConfigureAwait(false);
                lost.ThrowIfCancellationRequested();
                TakeTimes(answer);
                _transport!.ForgetFailures();
                _ready = true;
                _introduced.TrySetResult();
                await GuardedAsync(_owner.ReadyAsync).ConfigureAwait(false);
                return;
            }
            catch (PantryException late) when (late.Code == PantryErrorCode.TimedOut)
            {
                continue;
            }
            catch (PantryException lostOnTheWay) when (lostOnTheWay.Code == PantryErrorCode.ConnectionLost)
            {
                return; // The link's next state comes with an introduction of its own.
            }
            catch (PantryException refused)
            {
                if (_introduced.TrySetException(refused) || _stopping.IsCancellationRequested)
                    return;
                _log.LogWarning("The server {Server} refuses: {Reason}", _server, refused.Message);
                refusals++;
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception exception)
            {
                _log.LogError(exception, "The introduction to {Server} failed.", _server);
                refusals++;
            }

            TimeSpan bound = TimeSpan.FromSeconds(Math.Min(Math.Pow(2, refusals), _options.RefusedRetry.TotalSeconds));
            try
            {
                await Task.Delay(bound * (0.5 + (Random.Shared.NextDouble() / 2)), _time, lost).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private void Receive(ClientEvent.Received received)
    {
        _lastHeard = _time.GetTimestamp();
        Opened opened = _channel.Open(received.Frames, Senders.Server);
        if (opened.Fault == DecodeFault.UnknownVersion)
        {
            _introduced.TrySetException(new PantryException(PantryErrorCode.ProtocolVersionMismatch,
                $"The server {_server} speaks protocol version {opened.Header.Major}.{opened.Header.Minor}, this side {ProtocolVersion.Text}. "
                + "Bring both to versions of Pantry with the same major protocol version."));
        }

        if (opened.Fault != DecodeFault.None)
        {
            _log.LogWarning("A message of the server was dropped: {Fault}.", opened.Fault);
            return;
        }

        if (opened.Message is not { } message)
            return;
        if (message.Head is Refused { Code: nameof(PantryErrorCode.NotConnected) } && _ready && !_leaving)
        {
            // The server has lost our session, as after a long silence: begin anew on the same link.
            LinkChanged(new ClientEvent.LinkChanged(true, null));
        }
        else if (message.Correlation != 0 && _requests.TryGetValue(message.Correlation, out TaskCompletionSource<Message>? waiting))
        {
            waiting.TrySetResult(message);
        }
        else if (message.Correlation != 0 && _streams.TryGetValue(message.Correlation, out Action<Message>? stream))
        {
            stream(message);
        }
        else if (_ready || received.Published)
        {
            _owner.Receive(this, message, received.Published);
        }
    }

    private async Task BeatAsync()
    {
        using var timer = new PeriodicTimer(_heartbeat, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token).ConfigureAwait(false))
            {
                timer.Period = _heartbeat;
                if (!_up)
                    continue;
                if (_time.GetElapsedTime(_lastHeard) > _deadAfter)
                {
                    _log.LogWarning("The server {Server} has been silent for {Seconds} s; dialling anew.", _server, _deadAfter.TotalSeconds);
                    _transport!.Redial();
                }
                else if (_ready)
                {
                    await SendAsync(new Message(MessageKind.Heartbeat, new Heartbeat(_owner.RunningJobs))).ConfigureAwait(false);
                    await GuardedAsync(_owner.BeatAsync).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The link stops.
        }
    }

    /// <summary>The server says how often it wants to be heard, and what silence means.</summary>
    private void TakeTimes(Message answer)
    {
        (double heartbeat, double deadAfter) = answer.Head switch
        {
            Registered registered => (registered.HeartbeatSeconds, registered.DeadAfterSeconds),
            Connected connected => (connected.HeartbeatSeconds, connected.DeadAfterSeconds),
            _ => (0, 0),
        };
        if (heartbeat is >= 0.05 and <= 300 && deadAfter >= 2 * heartbeat)
            (_heartbeat, _deadAfter) = (TimeSpan.FromSeconds(heartbeat), TimeSpan.FromSeconds(Math.Min(deadAfter, 3600)));
    }

    private async Task GuardedAsync(Func<ServerLink, Task> owners)
    {
        try
        {
            await owners(this).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // One message that cannot be sent must not end the heartbeat, or the link.
            _log.LogError(exception, "The owner of the link to {Server} failed.", _server);
        }
    }

    private void FailRequests()
    {
        foreach ((ulong number, TaskCompletionSource<Message> waiting) in _requests)
            waiting.TrySetException(Lost());
        foreach ((ulong number, Action<Message> stream) in _streams)
            stream(new Message(MessageKind.Refused, new Refused(nameof(PantryErrorCode.ConnectionLost), Lost().Message)));
    }

    private PantryException Lost() => new(PantryErrorCode.ConnectionLost, $"The link to the server {_server} was lost; it is being dialled again.");

    private PantryException NotReady() => _stopped is not null
        ? new PantryException(PantryErrorCode.Stopped, $"The connection to {_server} was closed. Use Connect-PantryServer again.")
        : new PantryException(PantryErrorCode.ConnectionLost, $"There is no link to the server {_server} at present; it is being dialled again. {_lastFault?.Message}");

    private MessageChannel NewChannel() => new(new ClearSeal(), _options.Wire);

    private sealed class StreamSubscription(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}

/// <summary>Whose link it is: what it says first, and what it does with what comes.</summary>
internal interface ILinkOwner
{
    int RunningJobs { get; }

    /// <summary>The message that introduces this side.</summary>
    (MessageKind Kind, object Head) Introduction();

    /// <summary>The server let us in; nothing is sent before this has ended.</summary>
    Task IntroducedAsync(ServerLink link, Message answer);

    /// <summary>The link can be used.</summary>
    Task ReadyAsync(ServerLink link);

    /// <summary>A message that answers no request. Called on the reading task: must not wait.</summary>
    void Receive(ServerLink link, Message message, bool published);

    /// <summary>Called with every heartbeat.</summary>
    Task BeatAsync(ServerLink link);
}
