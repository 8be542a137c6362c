using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Files;
using Pantry.Protocol;
using Pantry.Provisioning.Cache;
using Pantry.Provisioning.Provisioners;
using Pantry.Security;
using Pantry.Sessions;
using Pantry.Targeting;
using Pantry.Transfers;
using Pantry.Transport;

namespace Pantry.Client;

/// <summary>A running client: registers, hears orders, hands those that stand to be run, and answers.</summary>
internal sealed class ClientAgent : ILinkOwner, IAsyncDisposable
{
    private readonly PantryOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly ClientHome _home;
    private readonly LinkCredentials _credentials;
    private readonly OrderDuty _duty;
    private readonly HeardTopics _heard;
    private readonly string _instance = Guid.NewGuid().ToString("N");
    private readonly Lock _disposing = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _cleaning;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ServerLink? _link;
    private Task? _stopped;
    private long _orderNumber;
    private long _factsSentAt;
    private volatile int _filePort;
    private long _refusedSince;
    private volatile ClientConfiguration _configuration;
    private volatile bool _forgotten;
    private volatile ClientLabels _labels;

    private ClientAgent(
        ClientConfiguration configuration, ClientHome home, PublicKey server, CommandTable commands, SocketLoop? loop, PantryOptions options, TimeProvider time, ILogger log)
    {
        _configuration = configuration;
        _home = home;
        _labels = ClientEnrolment.Claim(home.Trust, configuration);
        _options = options;
        _time = time;
        _log = log;
        _credentials = new LinkCredentials(home.Key, server, SessionRole.Client, home.Trust?.Network);
        _heard = new HeardTopics(options, time);
        Trees = new RemoteTrees(() => new FilePlace(configuration.Server with { FilePort = configuration.Server.FilePort > 0 ? configuration.Server.FilePort : _filePort }, _credentials), loop, options, time, log);
        // Of this client alone: the table that was given may be another one's too.
        Commands = new CommandTable(commands,
        [
            new ReceiveFilesCommand(Trees, new HeldTrees(Path.Combine(configuration.Path, "held"), options.Files), options.Files, time),
            new OfferFilesCommand(Trees, options.Files, time),
            new ProvisionCommand(new PlanRequests(() => _link, options, time).ReadAsync, new PackageCache(configuration.Path, Trees, options, time, log), time, log),
        ]);
        _duty = new OrderDuty(() => Configuration, home, Commands, options, time, log, CollectFacts);
        _cleaning = ProvisionLeavings.RemoveAsync(Path.Combine(configuration.Path, ProvisionCommand.RunsFolder), log, time, _ending.Token);
    }

    public ClientConfiguration Configuration => _configuration;

    public CommandTable Commands { get; }

    /// <summary>Trees of files that the server has for this client, or takes from it.</summary>
    public ITreeExchange Trees { get; }

    public RegistrationStatus Registration { get; private set; } = RegistrationStatus.Pending;

    /// <summary>The client's public key.</summary>
    public PublicKey PublicKey => _home.Key.PublicKey;

    /// <summary>The server's public key.</summary>
    public PublicKey ServerKey => _credentials.Server;

    /// <summary>What the client is: what was approved, or what it claims until then.</summary>
    public ClientLabels Labels => _labels;

    public ServiceStatus Status => _stopped is not null ? ServiceStatus.Stopped : _link?.Status ?? ServiceStatus.Reconnecting;

    public int RunningJobs => _duty.Count;

    /// <summary>What is closed when the client has stopped, such as its log.</summary>
    private IAsyncDisposable? Owned { get; init; }

    /// <summary>Completes when the client has stopped, by itself too: because the server took it off its list.</summary>
    public Task Ended => _ended.Task;

    LinkCredentials ILinkOwner.Credentials => _credentials;

    /// <summary>Starts a client and waits until the server has let it in, or has it wait for approval.</summary>
    /// <exception cref="PantryException">The server could not be reached, is another one, or refused.</exception>
    public static async Task<ClientAgent> StartAsync(
        ClientConfiguration configuration, CommandTable? commands = null, SocketLoop? loop = null, PantryOptions? options = null,
        TimeProvider? time = null, ILogger? log = null, IAsyncDisposable? owned = null, CancellationToken cancellation = default)
    {
        (options, time, log) = (options ?? new PantryOptions(), time ?? TimeProvider.System, log ?? NullLogger.Instance);
        ClientHome home = await Task.Run(() => ClientHome.Open(configuration.Path), cancellation).ConfigureAwait(false);
        ClientAgent? agent = null;
        try
        {
            PublicKey server = await ClientEnrolment.PrepareAsync(home, configuration, loop, options, time, log, cancellation).ConfigureAwait(false);
            commands ??= new CommandTable();
            agent = new ClientAgent(configuration, home, server, commands, loop, options, time, log) { Owned = owned };
            agent._link = await ServerLink.OpenAsync(configuration.Server, hearsOrders: true, agent, loop, options, time, log, cancellation).ConfigureAwait(false);
            return agent;
        }
        catch
        {
            agent?.Release();
            home.Dispose();
            throw;
        }
    }

    /// <summary>From now on other orders are allowed, and other facts reported; orders that run go on.</summary>
    public void Allow(ClientPolicy policy, IReadOnlyDictionary<string, string> facts) => _configuration = _configuration with { Policy = policy, CustomFacts = facts };

    /// <summary>Says goodbye, stops what runs, and closes the link.</summary>
    public ValueTask DisposeAsync() => new(StopAsync(forget: false));

    /// <summary>Stops the client; with <paramref name="forget"/> the server takes it off its list.</summary>
    public Task StopAsync(bool forget)
    {
        lock (_disposing)
            return _stopped ??= StopOnceAsync(forget);
    }

    (MessageKind Kind, object Head) ILinkOwner.Introduction() => (
        MessageKind.Register,
        new Register(
            Labels, _instance, PantryVersion.Current, _home.Trust is null ? Configuration.Token : null, _home.Bundle?.Serial ?? 0, Commands.CommandNames,
            CollectFacts(), _time.GetUtcNow()));

    async Task ILinkOwner.IntroducedAsync(ServerLink link, Message answer)
    {
        if (answer.Head is not Registered registered || registered.Topics.Any(topic => topic.Id.Length != TopicId.Length || topic.Key.Length != StreamKey.KeyLength))
            throw new PantryException(PantryErrorCode.NotAPantryServer, $"The server {Configuration.Server} answered a registration with {answer.Kind}.");

        Interlocked.Exchange(ref _refusedSince, 0);
        // From here on the server may tell us to leave, and whoever started us may still wait for the link.
        _link = link;
        NoteClock(registered.ServerTime);
        if (registered.Status == RegistrationStatus.Approved)
        {
            _labels = ClientEnrolment.Approved(_home, Configuration, _credentials.Server, link.Network, registered, _labels);
            if (answer.Bodies.Count > 0)
                _home.Accept(answer.Body(0));
        }
        else
        {
            _log.LogWarning("The client {Identity} waits for approval. Its key is {Fingerprint}.", Labels.Identity, PublicKey.Fingerprint);
        }

        Registration = registered.Status;
        _filePort = registered.FilePort;
        Interlocked.Exchange(ref _orderNumber, registered.OrderNumber);
        _factsSentAt = _time.GetTimestamp();
        await _heard.ReplaceAsync(link, registered.Topics).ConfigureAwait(false);
    }

    async Task ILinkOwner.ReadyAsync(ServerLink link, CancellationToken lost)
    {
        _duty.ResumeLive();
        foreach (Message result in _duty.Due(everything: true))
            await link.SendAsync(result).ConfigureAwait(false);
    }

    // Anybody in between can say this in the server's name: it counts when the server itself was not heard for long enough.
    void ILinkOwner.Refused(PantryException why)
    {
        if (why.Code is not (PantryErrorCode.KeyRevoked or PantryErrorCode.KeyDenied))
            return;
        long now = _time.GetTimestamp(), since = Interlocked.CompareExchange(ref _refusedSince, now, 0);
        if (since == 0 || _time.GetElapsedTime(since, now) < _options.StopWhenRefusedFor || RunningJobs == 0)
            return;
        _log.LogWarning("The server has refused this client for {Time} ({Code}); what runs is stopped.", _time.GetElapsedTime(since, now), why.Code);
        _duty.StopRunning();
    }

    void ILinkOwner.ReceivePublished(ServerLink link, TopicId topic, byte[] frame)
    {
        if (_heard.Open(topic, frame) is not { } frames
            || MessageCodec.TryDecode(frames, Senders.Server, _options.Wire, out Message? message, out _) != DecodeFault.None || message?.Head is not Order order)
        {
            _log.LogWarning("Something published could not be opened; it was dropped.");
            return;
        }

        // A published order with a number from before our registration was given when we were not among its targets.
        if (order.Number > Interlocked.Read(ref _orderNumber))
            _duty.Take(link, message with { Head = order with { Direct = false } });
    }

    void ILinkOwner.Receive(ServerLink link, Message message)
    {
        switch (message.Head)
        {
            case Order:
                _duty.Take(link, message);
                break;
            case Prepare prepare:
                _duty.Prepare(link, message with { Kind = MessageKind.Order, Head = prepare.Order with { Direct = true } });
                break;
            case CancelOrder cancel:
                _duty.Cancel(link, cancel.Job);
                break;
            case ResultStored stored:
                _duty.Confirm(stored.Job);
                break;
            case OutputStored stored:
                _duty.Confirm(stored);
                break;
            case TopicsChanged changed when changed.Topics.All(topic => topic.Id.Length == TopicId.Length && topic.Key.Length == StreamKey.KeyLength):
                _ = _heard.ReplaceAsync(link, changed.Topics);
                break;
            case BundleChanged:
                AcceptBundle(message.Body(0));
                break;
            case Heartbeat:
                _ = link.SendAsync(new Message(MessageKind.Heartbeat, new Heartbeat(RunningJobs)));
                break;
            case Leave { Forget: true } leave:
                _log.LogWarning("The server took this client off its list ({Reason}); it stops.", DisplayText.FirstLine(leave.Reason));
                _forgotten = true;
                _ = StopAsync(forget: false);
                break;
            case Leave { Dismissed: true } leave:
                _log.LogWarning("The server no longer trusts this client ({Reason}); what runs is stopped.", DisplayText.FirstLine(leave.Reason));
                Registration = RegistrationStatus.Pending;
                _duty.StopRunning();
                break;
            default:
                break;
        }
    }

    async Task ILinkOwner.BeatAsync(ServerLink link)
    {
        foreach (Message result in _duty.Due(everything: false))
            await link.SendAsync(result).ConfigureAwait(false);
        await _heard.DropReplacedAsync(link).ConfigureAwait(false);
        if (Registration != RegistrationStatus.Approved || _time.GetElapsedTime(_factsSentAt) < _options.FactsInterval)
            return;
        _factsSentAt = _time.GetTimestamp();
        await link.SendAsync(new Message(MessageKind.FactsReport, new FactsReport(CollectFacts()))).ConfigureAwait(false);
    }

    private void AcceptBundle(byte[] bundle)
    {
        try
        {
            _home.Accept(bundle);
        }
        catch (PantryException refused)
        {
            _log.LogWarning("A trust bundle was refused: {Reason}", refused.Message);
        }
    }

    private void NoteClock(DateTimeOffset serverTime)
    {
        TimeSpan skew = _time.GetUtcNow() - serverTime;
        if (skew.Duration() > _options.ClockSkew)
        {
            _log.LogWarning("{Code}: this machine's clock is {Skew} {Direction} the server's; {Allowed} is allowed, and orders will be refused. Set the clocks.",
                nameof(PantryErrorCode.ClockSkew), skew.Duration(), skew > TimeSpan.Zero ? "ahead of" : "behind", _options.ClockSkew);
        }
    }

    private async Task StopOnceAsync(bool forget)
    {
        await Task.Yield();
        _duty.Close();
        if (_link is { } link)
        {
            // A server that has let us go would take a goodbye for a stranger's, and we its answer for a call to register anew.
            if (link.Status == ServiceStatus.Running && !_forgotten)
                await SayGoodbyeAsync(link, forget).ConfigureAwait(false);
            await link.DisposeAsync().ConfigureAwait(false);
        }

        await _duty.Settled.ConfigureAwait(false);
        await _ending.CancelAsync().ConfigureAwait(false);
        await _cleaning.ConfigureAwait(false);
        Release();
        _home.Dispose();
        if (Owned is not null)
            await Owned.DisposeAsync().ConfigureAwait(false);
        _ended.TrySetResult();
    }

    private void Release()
    {
        _ending.Cancel();
        _ending.Dispose();
        _duty.Dispose();
        _heard.Dispose();
    }

    /// <summary>
    /// Results go before goodbye, and both are confirmed: what a socket still held when it was closed could be lost.
    /// </summary>
    private async Task SayGoodbyeAsync(ServerLink link, bool forget)
    {
        using var deadline = new CancellationTokenSource(_options.StopTimeout, _time);
        if (!await _duty.DrainAsync(deadline.Token).ConfigureAwait(false))
            _log.LogWarning("The client stops with {Count} results that the server did not confirm.", _duty.Unconfirmed);
        try
        {
            await link.RequestAsync(
                MessageKind.Leave, new Leave(forget ? "the client was unregistered" : "the client stops", forget), [], _options.StopTimeout, default).ConfigureAwait(false);
        }
        catch (PantryException unheard)
        {
            _log.LogInformation("The server did not hear the client's goodbye: {Reason}", unheard.Message);
        }
    }

    private ClientFacts CollectFacts() => FactsCollector.Collect(Configuration, _time);
}
