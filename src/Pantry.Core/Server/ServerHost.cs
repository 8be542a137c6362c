using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server.Events;
using Pantry.Server.Files;
using Pantry.Server.Jobs;
using Pantry.Server.Output;
using Pantry.Server.Provisioning;
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
    private readonly StreamRenewal _renewal;
    private readonly MessageRouter _router;
    private readonly ClientConversation _clients;
    private readonly OperatorConversation _operators;
    private readonly FileConversation _files;
    private readonly JobClock _clock;
    private readonly Task _reading;
    private readonly Task _readingFiles;
    private readonly Task _sweeping;
    private readonly CancellationTokenSource _stopping = new();
    private Task? _stopped;
    private readonly ServerUpkeep _upkeep;
    private long _sweptAt;

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
        ClientKey[] approved = [.. state.Trust.All().Where(key => key.Status == KeyStatus.Approved)];
        var lastRun = new LastRun(approved, options);
        foreach (ClientKey key in approved)
            Registry.Add(key.Key, key.Labels, key.LastSeen, lastRun.WasThere(key));

        var addresses = new ServerAddresses(configuration.AdvertisedAddress ?? Addresses.ToAdvertise(configuration.Address), PublishPort, ReceivePort, FilePort);
        Place = new FleetPlace(addresses.Host, ReceivePort, PublicKey.ToString(), state.Authority.Network);
        Enrollments = new EnrollmentDesk(state.Trust, state.Authority, state.Audit, addresses, PublicKey, options, time, log);
        Admission = new ClientAdmission(state.Trust, Registry, Enrollments, state.Audit, options, time);
        var sender = new OrderSender(Registry, state.Authority, Counters, Publish, log);
        Jobs = new JobDispatcher(Registry, new OrderDesk(state.Authority, state.Trust, options, time), state.Jobs, sender, state.Audit, Counters, options, time, log);
        var atWork = new JobsAtWork(Jobs);
        Provisioning = new ProvisioningDesks(state, Registry, Jobs, atWork, options, time, log);
        var answers = new JobAnswers(Jobs, state.Jobs, sender, state.Audit, Provisioning.Taker.TakeLate, options, time);
        JobDirectory = new JobDirectory(Jobs, state.Jobs, Registry, state.Audit, options, time);
        Outputs = new OutputDesk(JobDirectory, state.Jobs, options, time);
        _clock = new JobClock(Jobs, sender, options, time);
        Events = new EventFeed(id => Jobs.Find(id)?.Order.By.SigningKey, options, time);
        state.AuditLog.Written += Events.Audited;
        Fleet = new LocalFleet(this, options);
        _sessions = new PeerSessions(transport, state, options, time, Counters, Closed, log);
        _renewal = new StreamRenewal(Registry, options, time);
        var changes = new TrustChanges(Registry, answers, _renewal, state.Authority, _sessions);
        Administration = new Administration(Registry, state.Trust, Admission, Enrollments, state.Authority, state.AuditLog, state.Audit, changes.CarryOut);
        _clients = new ClientConversation(Registry, Admission, _renewal, state.Authority, state.Audit, answers, Provisioning.Pins.Read, Events, options, time, Counters, _sessions.Close, FilePort, log);
        _operators = new OperatorConversation(state.Authority, Administration, Enrollments, state.Audit, Jobs, JobDirectory,
            new EventDesk(Events, state.Authority, options), Outputs, new ProvisioningConversation(Provisioning, options), options, time, _sessions.Close, FilePort, log);
        FileGrants = new FileGrants(Jobs, atWork, JobDirectory, state.Trust, state.Authority, state.Files, state.Audit) { Others = Provisioning.Access };
        _upkeep = new ServerUpkeep(state.Trust, Registry, Enrollments, state.Jobs, state.Provisioning.Reports, state.Files, FileGrants, Provisioning.Pins, _sessions, options, time, log);
        _files = new FileConversation(state.Files, FileGrants, state.Audit, Counters, options, time, _sessions.Close, log);
        _router = new MessageRouter(_sessions, _clients, _operators, _files, state.Audit, Counters, options.Wire, time);
        state.Authority.Changed += changes.BundleChanged;
        if (configuration.HasConsole)
            state.Authority.OpenConsole(Place with { Address = Addresses.ToDialHere(configuration.Address) });
        SweptAt = time.GetTimestamp();
        state.Audit.Note(ServerAudit.Server, PublicKey, null, "ServerStarted", configuration.Path, "Done");
        // One that was killed while it changed the root key had not come to this.
        Enrollments.WithdrawForeign(ServerAudit.Server);
        Jobs.Restore();
        _reading = Task.Run(() => ReadAsync(_transport.Events));
        _readingFiles = Task.Run(() => ReadAsync(_transport.FileEvents));
        _sweeping = Task.Run(SweepAsync);
    }

    public ServerConfiguration Configuration { get; }

    public DateTimeOffset StartedAt { get; }

    /// <summary>The key that peers must expect.</summary>
    public PublicKey PublicKey => _state.Keys.Session.PublicKey;

    /// <summary>What an operator's file says about this server.</summary>
    public FleetPlace Place { get; }

    public int PublishPort => _transport.PublishPort;

    public int ReceivePort => _transport.ReceivePort;

    public int FilePort => _transport.FilePort;

    public ServiceStatus Status => _stopped is null ? ServiceStatus.Running : ServiceStatus.Stopped;

    public ClientRegistry Registry { get; }

    public ClientAdmission Admission { get; }

    public EnrollmentDesk Enrollments { get; }

    public Administration Administration { get; }

    public Authority Authority => _state.Authority;

    public AuditLog AuditLog => _state.AuditLog;

    public ServerAudit Audit => _state.Audit;

    public JobDispatcher Jobs { get; }

    public JobDirectory JobDirectory { get; }

    /// <summary>What the server keeps of files.</summary>
    public FileVault Files => _state.Files;

    /// <summary>Who may have and bring which files.</summary>
    public FileGrants FileGrants { get; }

    /// <summary>Bytes of chunks that are under way to peers.</summary>
    public long FileBytesUnderWay => _files.BytesUnderWay;

    public EventFeed Events { get; }

    public OutputDesk Outputs { get; }

    public ProvisioningDesks Provisioning { get; }

    public IFleet Fleet { get; }

    /// <summary>What is closed when the server has stopped, such as its log.</summary>
    private IAsyncDisposable? Owned { get; init; }

    public ServerCounters Counters { get; } = new();

    /// <summary>The sessions there are.</summary>
    public ICollection<ServerSession> Sessions => _sessions.All;

    /// <summary>Jobs whose rows are on their way to a console.</summary>
    public int OpenFeeds => _operators.OpenFeeds;

    /// <summary>When the server last looked for what is overdue, as a timestamp of its clock: one that hangs does not.</summary>
    public long SweptAt { get => Interlocked.Read(ref _sweptAt); private set => Interlocked.Exchange(ref _sweptAt, value); }

    /// <summary>Starts a server.</summary>
    /// <param name="configuration">What to listen on.</param>
    /// <param name="loop">A loop to share; null for one of its own.</param>
    /// <param name="options">Timeouts and limits.</param>
    /// <param name="gateLimits">Limits of the gates.</param>
    /// <param name="time">Clock.</param>
    /// <param name="log">Log.</param>
    /// <param name="storage">Limits of what is kept on the disk.</param>
    /// <param name="owned">What is closed when the server has stopped, such as its log.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<ServerHost> StartAsync(
        ServerConfiguration configuration, SocketLoop? loop = null, PantryOptions? options = null, GateLimits? gateLimits = null,
        TimeProvider? time = null, ILogger? log = null, StorageLimits? storage = null, IAsyncDisposable? owned = null, CancellationToken cancellation = default)
    {
        options ??= new PantryOptions();
        time ??= TimeProvider.System;
        log ??= NullLogger.Instance;
        storage ??= new StorageLimits();
        (string host, _) = Addresses.Parse(configuration.Address, 0);
        IReadOnlyList<IPAddress> addresses = await Addresses.ResolveAsync(host, cancellation).ConfigureAwait(false);
        ServerState state = await Task.Run(() => ServerState.Open(configuration.Path, storage, options.Files, time, log), cancellation).ConfigureAwait(false);
        SocketLoop? ownLoop = loop is null ? SocketLoop.Start("Pantry server", options.LoopMailbox, log) : null;
        ServerTransport? transport = null;
        try
        {
            transport = await ServerTransport.OpenAsync(
                addresses, (configuration.PublishPort, configuration.ReceivePort, configuration.FilePort), loop ?? ownLoop!,
                options, gateLimits ?? new GateLimits(), time, log).ConfigureAwait(false);
            return new ServerHost(configuration with { Address = host }, transport, state, ownLoop, options, time, log) { Owned = owned };
        }
        catch
        {
            if (transport is not null)
                await transport.DisposeAsync().ConfigureAwait(false);
            if (ownLoop is not null)
                await ownLoop.DisposeAsync().ConfigureAwait(false);
            await state.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>From now on ended jobs are kept for so long, and so many bytes of their output.</summary>
    public void Keep(TimeSpan jobs, long jobOutput) => _state.Jobs.Limits = _state.Jobs.Limits with { JobKeep = jobs, JobBytes = jobOutput };

    public ServerStatistics Statistics() => Counters.Snapshot(_transport);

    /// <summary>Tells the peers, lets what was accepted leave, and closes the ports. Jobs go on when the server is started again.</summary>
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
        _operators.StopFeeds();
        Events.Close();
        await Jobs.StopAsync().ConfigureAwait(false);
        using (var deadline = new CancellationTokenSource(_options.StopTimeout, _time))
        {
            // A peer that does not take its messages is not waited for.
            Task[] told = [.. _sessions.All.Where(session => session.Introduced).Select(session => TellStopAsync(session, deadline.Token))];
            await Task.WhenAll(told).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        await _transport.DisposeAsync().ConfigureAwait(false);
        await Task.WhenAll(_reading, _readingFiles, _sweeping).ConfigureAwait(false);
        await _sessions.DisposeAsync().ConfigureAwait(false);
        _upkeep.NoteSeen();
        await Provisioning.DisposeAsync().ConfigureAwait(false);
        _state.Audit.Note(ServerAudit.Server, PublicKey, null, "ServerStopped", Configuration.Path, "Done");
        await _state.DisposeAsync().ConfigureAwait(false);
        if (_ownLoop is not null)
            await _ownLoop.DisposeAsync().ConfigureAwait(false);
        _stopping.Dispose();
        if (Owned is not null)
            await Owned.DisposeAsync().ConfigureAwait(false);
    }

    private static Task TellStopAsync(ServerSession session, CancellationToken deadline)
    {
        session.Post(new Message(MessageKind.Leave, new Leave("the server stops")));
        return session.FlushAsync(deadline);
    }

    private async Task ReadAsync(IAsyncEnumerable<ServerEvent> events)
    {
        await foreach (ServerEvent happened in events.ConfigureAwait(false))
        {
            try
            {
                if (happened is ServerEvent.Received received)
                    _router.Route(received);
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
        _files.Closed(session);
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
                SweptAt = _time.GetTimestamp();
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
        _renewal.Sweep();
        foreach (ClientRecord client in Registry.SilentFor(_options.DeadAfter, _time))
            _clients.GoOffline(client, $"nothing was heard for {_options.DeadAfter.TotalSeconds:0} s");
        _clock.Sweep();
        // Last: it can fail with the disk.
        _upkeep.Sweep();
    }
}
