using Microsoft.Extensions.Logging;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Transport;

namespace Pantry.Sessions;

/// <summary>
/// One side's conversation with a server, for a client as for an operator: shakes hands and introduces itself whenever the
/// link comes up, keeps it alive, correlates answers with requests, and comes back for ever.
/// </summary>
internal sealed class ServerLink : IAsyncDisposable
{
    // What a server may say between its answer to an introduction and the moment that is carried out.
    private const int MostEarly = 1024;

    private readonly ServerAddress _server;
    private readonly ILinkOwner _owner;
    private readonly PantryOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly SocketLoop _loop;
    private readonly bool _ownsLoop;
    private readonly LinkRequests _requests = new();
    private readonly Lock _turning = new();
    private readonly Queue<Message> _early = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly LinkSender _sender;
    private readonly TaskCompletionSource _introduced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ClientTransport? _transport;
    private LinkSession _session;
    private CancellationTokenSource? _linkLost;
    private Task _reading = Task.CompletedTask;
    private Task _beating = Task.CompletedTask;
    private Task? _stopped;
    private PantryException? _lastFault;
    private long _lastHeard;
    private TimeSpan _heartbeat;
    private TimeSpan _deadAfter;
    private volatile bool _up;
    private volatile bool _ready;
    private volatile bool _leaving;
    private volatile bool _anew;

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
        _session = NewSession();
        _sender = new LinkSender(frames => _transport!.SendAsync(frames), options.Wire);
    }

    public ServiceStatus Status => _stopped is not null ? ServiceStatus.Stopped : _ready ? ServiceStatus.Running : ServiceStatus.Reconnecting;

    /// <summary>Id of the fleet, as the server said in the last handshake.</summary>
    public string Network => _session.Network ?? "";

    /// <summary>Opens the link and waits for the first introduction.</summary>
    /// <exception cref="PantryException">The server could not be reached, is not the expected one, or refused.</exception>
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
    public Task<SendOutcome> SendAsync(Message message) => _session.Channel is { } channel
        ? _sender.SendAsync(message, channel, isCurrent: () => _up && _session.Channel == channel)
        : Task.FromResult(SendOutcome.Unreachable);

    /// <summary>Drops some topics and hears others, in the order given.</summary>
    public ValueTask SetTopicsAsync(IReadOnlyList<TopicId> dropped, IReadOnlyList<TopicId> added) =>
        _transport is { } transport ? transport.SetTopicsAsync(dropped, added) : ValueTask.CompletedTask;

    /// <summary>Introduces this side anew on the same link, once what was just received is handled.</summary>
    public void IntroduceAnew() => _anew = true;

    /// <summary>Sends a request and waits for its answer.</summary>
    /// <exception cref="PantryException">The server refused, the link was lost, or no answer came in time.</exception>
    public async Task<Message> RequestAsync(
        MessageKind kind, object head, IReadOnlyList<byte[]> bodies, TimeSpan timeout, CancellationToken cancellation, bool introducing = false)
    {
        if (!introducing && !_ready)
            throw NotReady();
        _leaving |= kind == MessageKind.Leave;
        var answer = new TaskCompletionSource<Message>(TaskCreationOptions.RunContinuationsAsynchronously);
        using OpenRequest request = _requests.Open(message => answer.TrySetResult(message));
        if (await SendAsync(new Message(kind, head, request.Number) { Bodies = bodies }).ConfigureAwait(false) != SendOutcome.Sent)
            throw Lost();
        try
        {
            Message message = await answer.Task.WaitAsync(timeout, _time, cancellation).ConfigureAwait(false);
            return message.Head is Refused refused ? throw FromRefused(refused) : message;
        }
        catch (TimeoutException)
        {
            throw new PantryException(PantryErrorCode.TimedOut, $"The server {_server} did not answer {kind} within {timeout.TotalSeconds:0.#} s.");
        }
    }

    /// <summary>Sends a request whose answer comes in several messages; each goes to <paramref name="received"/>, on the reading task.</summary>
    public async Task<IDisposable> RequestStreamAsync(MessageKind kind, object head, Action<Message> received)
    {
        if (!_ready)
            throw NotReady();
        OpenRequest request = _requests.Open(received);
        if (await SendAsync(new Message(kind, head, request.Number)).ConfigureAwait(false) == SendOutcome.Sent)
            return request;
        request.Dispose();
        throw Lost();
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
        _requests.FailAll(Lost());
        await Task.WhenAll(_reading, _beating).ConfigureAwait(false);
        _session.Dispose();
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
                    $"Something at {_server} speaks ZeroMQ but did not let this side in within {_options.ConnectTimeout.TotalSeconds:0.#} s. "
                    + $"Check that the port is the receive port of a Pantry server, and that its key is {_owner.Credentials.Server.Fingerprint}.")
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
                else if (happened is ClientEvent.Received { Topic: { } topic } published)
                    _owner.ReceivePublished(this, topic, published.Frames[0]);
                else if (happened is ClientEvent.Received received)
                    Receive(received.Frames);
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
        EndIntroduction();
        LinkSession ended = _session;
        _session = NewSession();
        ended.Dispose();
        if (change.Up)
        {
            _lastHeard = _time.GetTimestamp();
            Introduce();
            return;
        }

        _lastFault = change.Fault;
        _log.LogInformation("No link to {Server}: {Fault}", _server, change.Fault?.Message);

        // What will not mend by itself is said at once to whoever waits for the first introduction.
        if (change.Fault is { Code: PantryErrorCode.NotAPantryServer or PantryErrorCode.InvalidAddress } decisive)
            _introduced.TrySetException(decisive);
    }

    private void EndIntroduction()
    {
        lock (_turning)
        {
            _ready = _anew = false;
            _early.Clear();
            _linkLost?.Cancel();
            _linkLost?.Dispose();
            _linkLost = null;
        }

        _requests.FailAll(Lost());
    }

    private void Introduce()
    {
        var lost = _linkLost = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        _ = IntroduceAsync(_session, lost.Token);
    }

    private async Task IntroduceAsync(LinkSession session, CancellationToken lost)
    {
        for (int refusals = 0; ;)
        {
            try
            {
                if (session.Channel is null)
                    await session.HandshakeAsync(_transport!.SendAsync, lost).ConfigureAwait(false);
                (MessageKind kind, object head) = _owner.Introduction();
                Message answer = await RequestAsync(kind, head, [], _options.RegisterRetry, lost, introducing: true).ConfigureAwait(false);
                lost.ThrowIfCancellationRequested();
                await _owner.IntroducedAsync(this, answer).ConfigureAwait(false);
                lost.ThrowIfCancellationRequested();
                TakeTimes(answer);
                _transport!.ForgetFailures();
                if (!BecomeReady(lost))
                    continue;
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
                _lastFault = refused;
                _owner.Refused(refused);
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

    /// <summary>Hands over what came too early, in its order. False where this side is to introduce itself once more.</summary>
    private bool BecomeReady(CancellationToken lost)
    {
        lock (_turning)
        {
            lost.ThrowIfCancellationRequested();
            Message[] early = [.. _early];
            _early.Clear();
            if (early.Any(IsCallToIntroduce))
                return false;
            foreach (Message message in early)
                _owner.Receive(this, message);
            if (!_anew)
                return _ready = true;
            return _anew = false;
        }
    }

    /// <summary>Whether the message has to wait until the introduction is carried out: it may build upon that.</summary>
    private bool IsEarly(Message message)
    {
        lock (_turning)
        {
            if (_ready || message.Kind == MessageKind.Leave)
                return false;
            if (_early.Count < MostEarly)
                _early.Enqueue(message);
            else
                _transport!.Redial(); // None may be missing: it begins anew.
            return true;
        }
    }

    private static bool IsCallToIntroduce(Message message) => message.Head is Refused { Code: nameof(PantryErrorCode.NotConnected) } && message.Correlation == 0;

    private void Receive(byte[][] frames)
    {
        if (_session.TryTake(frames))
            return;
        Opened opened = _session.Channel?.Open(frames, Senders.Server) ?? new Opened(DecodeFault.NotSealed);
        if (opened.Fault != DecodeFault.None)
        {
            _log.LogWarning("A message of the server was dropped: {Fault}.", opened.Fault);
            // What the server did not seal came from somebody in between: this link is of no use any more.
            if (opened.Fault == DecodeFault.NotSealed)
                _transport!.Redial();
            return;
        }

        _lastHeard = _time.GetTimestamp();
        if (opened.Message is not { } message)
            return;
        if (message.Head is Refused { Code: nameof(PantryErrorCode.NotConnected) } && _ready && !_leaving)
        {
            // The server wants to hear anew who we are, as after a decision about our key.
            EndIntroduction();
            Introduce();
        }
        else if (!_requests.TryAnswer(message) && !IsEarly(message))
        {
            _owner.Receive(this, message);
            if (_anew && !_leaving)
            {
                EndIntroduction();
                Introduce();
            }
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
                    if (_session is { IsRenewalDue: true } session)
                        await RenewAsync(session).ConfigureAwait(false);
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

    /// <summary>New keys on the same link. Nothing else leaves until they are there, so that each message has one key.</summary>
    private async Task RenewAsync(LinkSession session)
    {
        try
        {
            // The link may have come anew meanwhile, with a session and a handshake of its own.
            await _sender.HoldAsync(() => session == _session ? session.HandshakeAsync(_transport!.SendAsync, _stopping.Token) : Task.CompletedTask, _stopping.Token)
                .ConfigureAwait(false);
        }
        catch (PantryException failed)
        {
            if (session != _session)
                return;
            _log.LogWarning("The session with {Server} could not be renewed; dialling anew: {Reason}", _server, failed.Message);
            _transport!.Redial();
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

    private PantryException Lost() => new(PantryErrorCode.ConnectionLost, $"The link to the server {_server} was lost; it is being dialled again.");

    private PantryException NotReady() => _stopped is not null
        ? new PantryException(PantryErrorCode.Stopped, $"The connection to {_server} was closed. Use Connect-PantryServer again.")
        : new PantryException(PantryErrorCode.ConnectionLost, $"There is no link to the server {_server} at present; it is being dialled again. {_lastFault?.Message}");

    private LinkSession NewSession() => new(_owner.Credentials, _server.ToString(), _options, _time);
}
