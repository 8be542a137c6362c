using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Sessions;
using Pantry.Targeting;
using Pantry.Transport;

namespace Pantry.Client;

/// <summary>A running client: registers, hears orders, runs what is meant for it, and answers.</summary>
internal sealed class ClientAgent : ILinkOwner, IAsyncDisposable
{
    private readonly PantryOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly OrderRunner _runner;
    private readonly ResultOutbox _outbox;
    private readonly SeenOrders _seen;
    private readonly string _instance = Guid.NewGuid().ToString("N");
    private readonly Lock _disposing = new();
    private IReadOnlyList<TopicId> _topics = [];
    private ServerLink? _link;
    private Task? _stopped;
    private long _orderNumber;
    private long _factsSentAt;
    private volatile bool _forgotten;

    private ClientAgent(ClientConfiguration configuration, CommandTable commands, PantryOptions options, TimeProvider time, ILogger log)
    {
        Configuration = configuration;
        Commands = commands;
        _options = options;
        _time = time;
        _log = log;
        _outbox = new ResultOutbox(options, time);
        _seen = new SeenOrders(options.SeenOrders);
        _runner = new OrderRunner(configuration, commands, options, time, log, CollectFacts);
    }

    public ClientConfiguration Configuration { get; }

    public CommandTable Commands { get; }

    public RegistrationStatus Registration { get; private set; }

    public ServiceStatus Status => _stopped is not null ? ServiceStatus.Stopped : _link?.Status ?? ServiceStatus.Reconnecting;

    public int RunningJobs => _runner.Count;

    /// <summary>Starts a client and waits until the server has let it in.</summary>
    /// <exception cref="PantryException">The server could not be reached, is none, or refused.</exception>
    public static async Task<ClientAgent> StartAsync(
        ClientConfiguration configuration, CommandTable? commands = null, SocketLoop? loop = null, PantryOptions? options = null,
        TimeProvider? time = null, ILogger? log = null, CancellationToken cancellation = default)
    {
        var agent = new ClientAgent(
            configuration, commands ?? new CommandTable(), options ?? new PantryOptions(), time ?? TimeProvider.System, log ?? NullLogger.Instance);
        agent._link = await ServerLink.OpenAsync(
            configuration.Server, hearsOrders: true, agent, loop, agent._options, agent._time, agent._log, cancellation).ConfigureAwait(false);
        return agent;
    }

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
        new Register(Configuration.Labels, _instance, PantryVersion.Current, Configuration.Enrollment, Commands.CommandNames, CollectFacts()));

    async Task ILinkOwner.IntroducedAsync(ServerLink link, Message answer)
    {
        if (answer.Head is not Registered registered || registered.Topics.Any(topic => topic.Length != TopicId.Length))
            throw new PantryException(PantryErrorCode.NotAPantryServer, $"The server {Configuration.Server} answered a registration with {answer.Kind}.");

        // From here on the server may tell us to leave, and whoever started us may still wait for the link.
        _link = link;
        TopicId[] topics = [.. registered.Topics.Select(topic => TopicId.FromBytes(topic))];
        Registration = registered.Status;
        Interlocked.Exchange(ref _orderNumber, registered.OrderNumber);
        _factsSentAt = _time.GetTimestamp();
        await link.SetTopicsAsync([.. _topics.Except(topics)], [.. topics.Except(_topics)]).ConfigureAwait(false);
        _topics = topics;
    }

    async Task ILinkOwner.ReadyAsync(ServerLink link)
    {
        foreach (Message result in _outbox.Due(everything: true))
            await link.SendAsync(result).ConfigureAwait(false);
    }

    void ILinkOwner.Receive(ServerLink link, Message message, bool published)
    {
        switch (message.Head)
        {
            case Order order:
                Take(link, order with { Direct = order.Direct && !published }, message.Body(0));
                break;
            case CancelOrder cancel when !published:
                Cancel(link, cancel.Job);
                break;
            case ResultStored stored when !published:
                _outbox.Confirm(stored.Job);
                break;
            case Heartbeat when !published:
                _ = link.SendAsync(new Message(MessageKind.Heartbeat, new Heartbeat(RunningJobs)));
                break;
            case Leave { Forget: true } leave when !published:
                _log.LogWarning("The server took this client off its list ({Reason}); it stops.", DisplayText.FirstLine(leave.Reason));
                _forgotten = true;
                _ = StopAsync(forget: false);
                break;
            default:
                break;
        }
    }

    async Task ILinkOwner.BeatAsync(ServerLink link)
    {
        foreach (Message result in _outbox.Due(everything: false))
            await link.SendAsync(result).ConfigureAwait(false);
        if (_time.GetElapsedTime(_factsSentAt) < _options.FactsInterval)
            return;
        _factsSentAt = _time.GetTimestamp();
        await link.SendAsync(new Message(MessageKind.FactsReport, new FactsReport(CollectFacts()))).ConfigureAwait(false);
    }

    private void Take(ServerLink link, Order order, byte[] arguments)
    {
        // A published order with a number from before our registration was given when we were not among its targets.
        if (!order.Direct && order.Number <= Interlocked.Read(ref _orderNumber))
            return;
        if (!TargetMatcher.Matches(order.Target, Configuration.Labels))
            return;

        _ = link.SendAsync(new Message(MessageKind.Accepted, new Accepted(order.Job)));
        if (_seen.TryAdd(order.Job))
            _ = RunAsync(link, order, arguments);
        else if (_outbox.Find(order.Job) is { } result)
            _ = link.SendAsync(result);
    }

    private void Cancel(ServerLink link, string job)
    {
        _runner.Cancel(job);
        // The order itself may still be on its way: it is taken for seen, and never started.
        if (_seen.TryAdd(job))
        {
            _ = link.SendAsync(_outbox.Add(new Message(MessageKind.Result, new Result(
                job, CommandStatus.Cancelled, null, new CommandError("Cancelled", "Cancelled before it was started."), BodyFormat.None, null, false, null, TimeSpan.Zero))));
        }
    }

    private async Task RunAsync(ServerLink link, Order order, byte[] arguments)
    {
        try
        {
            await _runner.RunAsync(order, arguments, result => link.SendAsync(_outbox.Add(result))).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            _log.LogError(exception, "The result of job {Job} could not be sent.", order.Job);
        }
    }

    private async Task StopOnceAsync(bool forget)
    {
        await Task.Yield();
        _runner.CancelAll();
        if (_link is not { } link)
            return;

        // A server that has let us go would take a goodbye for a stranger's, and we its answer for a call to register anew.
        if (link.Status == ServiceStatus.Running && !_forgotten)
            await SayGoodbyeAsync(link, forget).ConfigureAwait(false);
        await link.DisposeAsync().ConfigureAwait(false);
        _runner.Dispose();
    }

    /// <summary>
    /// Results go before goodbye, and both are confirmed: what a socket still held when it was closed could be lost.
    /// </summary>
    private async Task SayGoodbyeAsync(ServerLink link, bool forget)
    {
        using var deadline = new CancellationTokenSource(_options.StopTimeout, _time);
        try
        {
            await _runner.Idle.WaitAsync(deadline.Token).ConfigureAwait(false);
            await _outbox.Empty.WaitAsync(deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _log.LogWarning("The client stops with {Count} results that the server did not confirm.", _outbox.Count);
        }

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
