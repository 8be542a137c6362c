using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Sessions;
using Pantry.Transport;
using Pantry.Transport.Gates;

namespace Pantry.Server;

/// <summary>A running server: its transport, what it knows, and the task that answers its peers.</summary>
internal sealed class ServerHost : IAsyncDisposable
{
    private readonly ServerTransport _transport;
    private readonly SocketLoop? _ownLoop;
    private readonly PantryOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly ConcurrentDictionary<PeerId, ServerSession> _sessions = new();
    private readonly MessageChannel _publishing;
    private readonly ClientConversation _clients;
    private readonly OperatorConversation _operators;
    private readonly Task _reading;
    private readonly Task _sweeping;
    private readonly CancellationTokenSource _stopping = new();
    private Task? _stopped;

    private ServerHost(
        ServerConfiguration configuration, ServerTransport transport, SocketLoop? ownLoop, PantryOptions options, TimeProvider time, ILogger log)
    {
        Configuration = configuration;
        _transport = transport;
        _ownLoop = ownLoop;
        _options = options;
        _time = time;
        _log = log;
        StartedAt = time.GetUtcNow();
        _publishing = new MessageChannel(new ClearSeal(), options.Wire with { FragmentBytes = int.MaxValue });
        Registry = new ClientRegistry(options.MaxClients);
        Jobs = new JobDispatcher(Registry, options, time, Counters, Publish, log);
        Fleet = new LocalFleet(this, Registry, Jobs, options, time);
        _clients = new ClientConversation(Registry, Jobs, options, time, Counters, Close, log);
        _operators = new OperatorConversation(Fleet, Jobs, options, time, Close, log);
        _reading = Task.Run(ReadAsync);
        _sweeping = Task.Run(SweepAsync);
    }

    public ServerConfiguration Configuration { get; }

    public DateTimeOffset StartedAt { get; }

    public int PublishPort => _transport.PublishPort;

    public int ReceivePort => _transport.ReceivePort;

    public int FilePort => _transport.FilePort;

    public ServiceStatus Status => _stopped is null ? ServiceStatus.Running : ServiceStatus.Stopped;

    public ClientRegistry Registry { get; }

    public JobDispatcher Jobs { get; }

    public IFleet Fleet { get; }

    public ServerCounters Counters { get; } = new();

    /// <summary>Jobs whose rows are on their way to a console.</summary>
    public int OpenFeeds => _operators.OpenFeeds;

    /// <summary>Starts a server.</summary>
    /// <param name="configuration">What to listen on.</param>
    /// <param name="loop">A loop to share; null for one of its own.</param>
    /// <param name="options">Timeouts and limits.</param>
    /// <param name="gateLimits">Limits of the gates.</param>
    /// <param name="time">Clock.</param>
    /// <param name="log">Log.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<ServerHost> StartAsync(
        ServerConfiguration configuration, SocketLoop? loop = null, PantryOptions? options = null, GateLimits? gateLimits = null,
        TimeProvider? time = null, ILogger? log = null, CancellationToken cancellation = default)
    {
        options ??= new PantryOptions();
        time ??= TimeProvider.System;
        log ??= NullLogger.Instance;
        RootDirectory.Prepare(configuration.Path);
        (string host, _) = Addresses.Parse(configuration.Address, 0);
        IReadOnlyList<IPAddress> addresses = await Addresses.ResolveAsync(host, cancellation).ConfigureAwait(false);
        SocketLoop? ownLoop = loop is null ? SocketLoop.Start("Pantry server", options.LoopMailbox, log) : null;
        try
        {
            ServerTransport transport = await ServerTransport.OpenAsync(
                addresses, (configuration.PublishPort, configuration.ReceivePort, configuration.FilePort), loop ?? ownLoop!,
                options, gateLimits ?? new GateLimits(), time, log).ConfigureAwait(false);
            return new ServerHost(configuration with { Address = host }, transport, ownLoop, options, time, log);
        }
        catch
        {
            if (ownLoop is not null)
                await ownLoop.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public ServerStatistics Statistics()
    {
        var refused = new SortedDictionary<string, long>();
        long admitted = 0, open = 0;
        foreach (GateCounters gate in _transport.GateCounters)
        {
            admitted += gate.Admitted;
            open += gate.Open;
            foreach (GateRefusal reason in Enum.GetValues<GateRefusal>())
            {
                if (gate.Refused(reason) is > 0 and long count)
                    refused[reason.ToString()] = refused.GetValueOrDefault(reason.ToString()) + count;
            }
        }

        ServerStatistics counted = Counters.Snapshot();
        if (_transport.Strays is > 0 and long strays)
            counted = counted with { MessagesDropped = new SortedDictionary<string, long>(counted.MessagesDropped.ToDictionary()) { ["Stray"] = strays } };
        return counted with { ConnectionsAdmitted = admitted, ConnectionsOpen = (int)open, ConnectionsRefused = refused };
    }

    /// <summary>Tells the peers, ends every job's rows, lets what was accepted leave, and closes the ports.</summary>
    public async ValueTask DisposeAsync()
    {
        Task stopped;
        lock (_stopping)
            stopped = _stopped ??= StopAsync();
        await stopped.ConfigureAwait(false);
    }

    /// <summary>Takes a client off the list and tells it.</summary>
    public bool Forget(string identity, string why)
    {
        if (Registry.Remove(identity) is not { } record)
            return false;
        Jobs.ClientGone(record, why);
        if (record.Session is { } session)
        {
            session.Post(new Message(MessageKind.Leave, new Leave(why, Forget: true)));
            session.Client = null;
            session.Role = Senders.None;
        }

        return true;
    }

    private async Task StopAsync()
    {
        await Task.Yield();
        Jobs.EndAll();
        using (var deadline = new CancellationTokenSource(_options.StopTimeout, _time))
        {
            // The rows leave before the goodbye does; a peer that does not take its messages is not waited for.
            await _operators.RowsSent.WaitAsync(deadline.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Task[] told = [.. _sessions.Values.Where(session => session.Role != Senders.None).Select(session => TellStopAsync(session, deadline.Token))];
            await Task.WhenAll(told).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        await _transport.DisposeAsync().ConfigureAwait(false);
        await Task.WhenAll(_reading, _sweeping).ConfigureAwait(false);
        foreach (ServerSession session in _sessions.Values)
            session.Close();
        if (_ownLoop is not null)
            await _ownLoop.DisposeAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }

    private static Task TellStopAsync(ServerSession session, CancellationToken deadline)
    {
        session.Post(new Message(MessageKind.Leave, new Leave("the server stops")));
        return session.FlushAsync(deadline);
    }

    private async Task ReadAsync()
    {
        await foreach (ServerEvent happened in _transport.Events.ConfigureAwait(false))
        {
            try
            {
                if (happened is ServerEvent.Received received)
                    Receive(received);
                else if (happened is ServerEvent.SubscriptionChanged change)
                    Registry.SetHearsPublished(change.Topic, change.Subscribed);
            }
            catch (Exception exception)
            {
                // One peer's message must never stop the server from hearing the others.
                Counters.Dropped("HandlerFailed");
                _log.LogError(exception, "A message could not be handled.");
            }
        }
    }

    private void Receive(ServerEvent.Received received)
    {
        ServerSession session = _sessions.GetOrAdd(received.Peer, NewSession);
        session.LastHeard = _time.GetTimestamp();

        // Until a peer has said what it is, it may say only that.
        Senders role = session.Role == Senders.None ? Senders.Peers : session.Role;
        Opened opened = session.Messages.Open(received.Frames, role, mayFragment: session.Role != Senders.None);
        if (opened.Fault != DecodeFault.None)
        {
            Reject(session, opened);
            return;
        }

        if (opened.Message is not { } message)
            return;
        Counters.Received();
        if (session.Role == Senders.None && message.Kind is not (MessageKind.Register or MessageKind.Connect))
        {
            Counters.Dropped("NotIntroduced");
            session.Post(Refusal(PantryErrorCode.NotConnected, "Register or Connect comes first.", message.Correlation));
        }
        else if (received.Peer.Port == ServerPort.File)
        {
            Counters.Dropped("NotOffered");
            session.Post(Refusal(PantryErrorCode.NotOffered, "This version offers no file service.", message.Correlation));
        }
        else if (message.Kind == MessageKind.Register || (session.Role == Senders.Client && message.Kind != MessageKind.Connect))
        {
            _clients.Handle(session, message);
        }
        else
        {
            _operators.Handle(session, message);
        }
    }

    private void Reject(ServerSession session, Opened opened)
    {
        Counters.Dropped(opened.Fault.ToString());
        (PantryErrorCode code, string text)? told = opened.Fault switch
        {
            DecodeFault.UnknownVersion => (PantryErrorCode.ProtocolVersionMismatch,
                $"This server speaks protocol version {ProtocolVersion.Text}, the peer speaks {opened.Header.Major}.{opened.Header.Minor}. "
                + $"Bring both to versions of Pantry with the same major protocol version; the server's is Pantry {PantryVersion.Current}."),
            DecodeFault.WrongDirection => (PantryErrorCode.Refused, $"A peer of this kind may not send {opened.Header.Kind}."),
            DecodeFault.TooLarge => (PantryErrorCode.MessageTooLarge, $"The message is larger than the protocol's {_options.Wire.MaxMessageBytes:N0} bytes."),
            DecodeFault.BadHead or DecodeFault.TooManyFrames or DecodeFault.UnknownKind =>
                (PantryErrorCode.Refused, $"The message could not be understood ({opened.Fault})."),
            _ => null,
        };
        if (told is { } answer)
            session.Post(Refusal(answer.code, answer.text, opened.Header.Correlation));
    }

    internal static Message Refusal(PantryErrorCode code, string text, ulong correlation) =>
        new(MessageKind.Refused, new Refused(code.ToString(), text), correlation);

    private ServerSession NewSession(PeerId peer) =>
        new(peer, new MessageChannel(new ClearSeal(), _options.Wire), _time.GetTimestamp(), SendAsync, Close);

    private async Task<SendOutcome> SendAsync(ServerSession session, Message message)
    {
        try
        {
            foreach (byte[][] frames in session.Messages.Seal(message))
            {
                SendOutcome outcome = await _transport.SendAsync(session.Peer, frames).ConfigureAwait(false);
                if (outcome != SendOutcome.Sent)
                    return outcome;
            }

            return SendOutcome.Sent;
        }
        catch (PantryException tooLarge)
        {
            _log.LogError(tooLarge, "A message for {Peer} could not be sent.", session.Peer);
            return SendOutcome.Sent;
        }
    }

    private void Publish(TopicId topic, Message message)
    {
        foreach (byte[][] frames in _publishing.Seal(message))
            _ = _transport.PublishAsync(topic, frames).AsTask();
    }

    private void Close(ServerSession session, string why)
    {
        if (!_sessions.TryRemove(session.Peer, out _))
            return;
        session.Close();
        _operators.Closed(session);
        if (session.Client is { } client && Registry.Detach(client, session))
            _log.LogInformation("The session of client {Client} has ended: {Why}.", client.Identity, why);
    }

    private async Task SweepAsync()
    {
        using var timer = new PeriodicTimer(_options.SweepInterval, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token).ConfigureAwait(false))
            {
                try
                {
                    Sweep();
                }
                catch (Exception exception)
                {
                    // The next sweep finds what this one left.
                    Counters.Dropped("SweepFailed");
                    _log.LogError(exception, "A sweep failed.");
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    private void Sweep()
    {
        long now = _time.GetTimestamp();
        foreach (ServerSession session in _sessions.Values)
        {
            if (_time.GetElapsedTime(session.LastHeard, now) > _options.DeadAfter)
                Close(session, $"nothing was heard for {_options.DeadAfter.TotalSeconds:0} s");
        }

        _clients.Sweep();
        foreach (ClientRecord client in Registry.SilentSince(_time.GetUtcNow() - _options.DeadAfter))
            _clients.GoOffline(client, $"nothing was heard for {_options.DeadAfter.TotalSeconds:0} s");
        Jobs.Sweep();
    }
}
