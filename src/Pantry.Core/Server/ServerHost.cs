using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Sessions;
using Pantry.Storage;
using Pantry.Targeting;
using Pantry.Transport;
using Pantry.Transport.Gates;

namespace Pantry.Server;

/// <summary>A running server: its transport, what it knows, and the task that answers its peers.</summary>
internal sealed class ServerHost : IAsyncDisposable
{
    private readonly ServerTransport _transport;
    private readonly ServerState _state;
    private readonly SocketLoop? _ownLoop;
    private readonly PantryOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly PeerSessions _sessions;
    private readonly ClientConversation _clients;
    private readonly OperatorConversation _operators;
    private readonly Task _reading;
    private readonly Task _sweeping;
    private readonly CancellationTokenSource _stopping = new();
    private Task? _stopped;

    private ServerHost(
        ServerConfiguration configuration, ServerTransport transport, ServerState state, SocketLoop? ownLoop, PantryOptions options, TimeProvider time, ILogger log)
    {
        Configuration = configuration;
        _transport = transport;
        _state = state;
        _ownLoop = ownLoop;
        _options = options;
        _time = time;
        _log = log;
        StartedAt = time.GetUtcNow();
        Registry = new ClientRegistry(options.MaxClients);
        foreach (ClientKey key in state.Trust.All().Where(key => key.Status == KeyStatus.Approved))
            Registry.Add(key.Key, key.Labels, key.LastSeen);

        var addresses = new ServerAddresses(configuration.AdvertisedAddress ?? Addresses.ToAdvertise(configuration.Address), PublishPort, ReceivePort, FilePort);
        Admission = new ClientAdmission(state.Trust, Registry, state.Authority, state.Audit, addresses, PublicKey, options, time);
        Jobs = new JobDispatcher(
            Registry, state.Authority, new OrderDesk(state.Authority, state.Trust, options, time), state.Audit, options, time, Counters, Publish, log);
        Administration = new Administration(Registry, state.Trust, Admission, state.Authority, state.AuditLog, state.Audit, CarryOut);
        Fleet = new LocalFleet(this, options);
        _sessions = new PeerSessions(transport, state, options, time, Counters, Closed, log);
        _clients = new ClientConversation(Registry, Admission, state.Authority, state.Audit, Jobs, options, time, Counters, _sessions.Close, log);
        _operators = new OperatorConversation(state.Authority, Administration, Admission, state.Audit, Jobs, options, time, _sessions.Close, log);
        state.Authority.Changed += BundleChanged;
        state.Audit.Note(ServerAudit.Server, PublicKey, null, "ServerStarted", configuration.Path, "Done");
        _reading = Task.Run(ReadAsync);
        _sweeping = Task.Run(SweepAsync);
    }

    public ServerConfiguration Configuration { get; }

    public DateTimeOffset StartedAt { get; }

    /// <summary>The key that peers must expect.</summary>
    public PublicKey PublicKey => _state.Keys.Session.PublicKey;

    public int PublishPort => _transport.PublishPort;

    public int ReceivePort => _transport.ReceivePort;

    public int FilePort => _transport.FilePort;

    public ServiceStatus Status => _stopped is null ? ServiceStatus.Running : ServiceStatus.Stopped;

    public ClientRegistry Registry { get; }

    public ClientAdmission Admission { get; }

    public Administration Administration { get; }

    public Authority Authority => _state.Authority;

    public AuditLog AuditLog => _state.AuditLog;

    public ServerAudit Audit => _state.Audit;

    public JobDispatcher Jobs { get; }

    public IFleet Fleet { get; }

    public ServerCounters Counters { get; } = new();

    /// <summary>The sessions there are.</summary>
    public ICollection<ServerSession> Sessions => _sessions.All;

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
        (string host, _) = Addresses.Parse(configuration.Address, 0);
        IReadOnlyList<IPAddress> addresses = await Addresses.ResolveAsync(host, cancellation).ConfigureAwait(false);
        ServerState state = await Task.Run(() => ServerState.Open(configuration.Path, time), cancellation).ConfigureAwait(false);
        SocketLoop? ownLoop = loop is null ? SocketLoop.Start("Pantry server", options.LoopMailbox, log) : null;
        try
        {
            ServerTransport transport = await ServerTransport.OpenAsync(
                addresses, (configuration.PublishPort, configuration.ReceivePort, configuration.FilePort), loop ?? ownLoop!,
                options, gateLimits ?? new GateLimits(), time, log).ConfigureAwait(false);
            return new ServerHost(configuration with { Address = host }, transport, state, ownLoop, options, time, log);
        }
        catch
        {
            if (ownLoop is not null)
                await ownLoop.DisposeAsync().ConfigureAwait(false);
            await state.DisposeAsync().ConfigureAwait(false);
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

    private async Task StopAsync()
    {
        await Task.Yield();
        Jobs.EndAll();
        using (var deadline = new CancellationTokenSource(_options.StopTimeout, _time))
        {
            // The rows leave before the goodbye does; a peer that does not take its messages is not waited for.
            await _operators.RowsSent.WaitAsync(deadline.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Task[] told = [.. _sessions.All.Where(session => session.Introduced).Select(session => TellStopAsync(session, deadline.Token))];
            await Task.WhenAll(told).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        await _transport.DisposeAsync().ConfigureAwait(false);
        await Task.WhenAll(_reading, _sweeping).ConfigureAwait(false);
        await _sessions.DisposeAsync().ConfigureAwait(false);
        _state.Audit.Note(ServerAudit.Server, PublicKey, null, "ServerStopped", Configuration.Path, "Done");
        await _state.DisposeAsync().ConfigureAwait(false);
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
                else if (happened is ServerEvent.Disconnected gone)
                    _sessions.Disconnected(gone.Peer);
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
        if (!_sessions.TryFind(received.Peer, received.Frames, out ServerSession? session))
            return;
        Opened opened = session.Messages.Open(received.Frames, session.Role, session.MayFragment);
        if (opened.Fault != DecodeFault.None)
        {
            Reject(session, opened);
            return;
        }

        session.LastHeard = _time.GetTimestamp();
        if (opened.Message is not { } message)
            return;
        Counters.Received();
        if (!session.Introduced && message.Kind is not (MessageKind.Register or MessageKind.Connect or MessageKind.Redeem or MessageKind.Leave))
        {
            Counters.Dropped("NotIntroduced");
            session.Post(Refusal(PantryErrorCode.NotConnected, "Register, Connect or Redeem comes first.", message.Correlation));
        }
        else if (session.Role == Senders.Operator)
        {
            _operators.Handle(session, message);
        }
        else
        {
            _clients.Handle(session, message);
        }
    }

    private void Reject(ServerSession session, Opened opened)
    {
        Counters.Dropped(opened.Fault.ToString());
        _state.Audit.Refused(opened.Fault.ToString(), session.Key, session.Address);
        if (opened.Fault == DecodeFault.NotSealed)
        {
            // Not of the peer that shook hands, or out of its order: nothing on this connection can be trusted any more.
            _sessions.Close(session, "a message was not sealed by it");
            return;
        }

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

    /// <summary>Publishes a message to all who hear any of the topics.</summary>
    public void Publish(IEnumerable<Topic> topics, Message message)
    {
        foreach ((TopicId id, byte[] frame) in Registry.Seal(topics, MessageCodec.Encode(message)))
        {
            Counters.Published();
            _ = _transport.PublishAsync(id, frame).AsTask();
        }
    }

    /// <summary>A session has ended.</summary>
    private void Closed(ServerSession session, string why)
    {
        _operators.Closed(session);
        if (session.Client is { } client && Registry.Detach(client, session))
            _log.LogInformation("The session of client {Client} has ended: {Why}.", client.Identity, why);
    }

    /// <summary>Sees to sessions, streams and jobs after a decision about a key, which is stored by now.</summary>
    private void CarryOut(ClientDecision decision, ClientKey key)
    {
        ServerSession[] sessions = [.. _sessions.Of(key.Key)];
        if (decision == ClientDecision.Approve)
        {
            _clients.NoteJoined(key.Labels);
            foreach (ServerSession waiting in sessions)
                waiting.Post(Refusal(PantryErrorCode.NotConnected, "An operator has approved the key: register anew.", 0));
            return;
        }

        string why = decision == ClientDecision.Remove ? "an operator took the client off the list" : $"an operator said no to the key {key.Key.Fingerprint} ({decision})";
        if (Registry.Find(key.Labels.Identity) is { } record && record.Key.Equals(key.Key))
            Registry.Remove(record);
        Jobs.ClientDismissed(key.Labels.Identity, key.Key, $"Client{key.Status}", $"The client's key {key.Key.Fingerprint} is trusted no more: {why}.");
        foreach (ServerSession session in sessions)
        {
            session.Client = null;
            session.Post(new Message(MessageKind.Leave, new Leave(why, Forget: decision == ClientDecision.Remove, Dismissed: decision != ClientDecision.Remove)));
            _sessions.Close(session, why);
        }
    }

    /// <summary>Clients learn of a new bundle before any order that needs it; sessions of operators who are gone end.</summary>
    private void BundleChanged()
    {
        byte[] bundle = _state.Authority.SignedBundle;
        foreach (ServerSession session in _sessions.All)
        {
            if (session.Client is not null)
                session.Post(new Message(MessageKind.BundleChanged, new BundleChanged(_state.Authority.Bundle.Serial)) { Bodies = [bundle] });
            else if (session.Role == Senders.Operator && _state.Authority.FindBySessionKey(session.Key) is null)
                _sessions.Close(session, "its operator was revoked");
        }
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
        _sessions.Sweep();
        _clients.Sweep();
        foreach (ClientRecord client in Registry.SilentSince(_time.GetUtcNow() - _options.DeadAfter))
            _clients.GoOffline(client, $"nothing was heard for {_options.DeadAfter.TotalSeconds:0} s");
        Jobs.Sweep();
    }
}
