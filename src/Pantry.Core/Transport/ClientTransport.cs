using Microsoft.Extensions.Logging;
using Pantry.Configuration;
using Pantry.Transport.Gates;

namespace Pantry.Transport;

/// <summary>The sockets of a client or an operator, and the gates that dial the server for them.</summary>
internal sealed class ClientTransport : IAsyncDisposable
{
    private readonly SocketLoop _loop;
    private readonly InboundQueue<ClientEvent> _inbound;
    private readonly PantryOptions _options;
    private ClientSockets? _sockets;
    private ClientGate? _answers;
    private ClientGate? _orders;
    private volatile bool _isUp;

    private ClientTransport(SocketLoop loop, int inbound, PantryOptions options)
    {
        _loop = loop;
        _options = options;
        _inbound = new InboundQueue<ClientEvent>(inbound, () => _ = loop.PostAsync(() => _sockets?.Resume()).AsTask());
    }

    /// <summary>What happens on the sockets; ends when the transport does.</summary>
    public IAsyncEnumerable<ClientEvent> Events => _inbound.ReadAllAsync();

    /// <param name="server">Where the server is.</param>
    /// <param name="hearsOrders">Whether to dial the port for orders too.</param>
    /// <param name="chunks">Where it is the port for files that is dialled for answers: the frames that come past the sockets.</param>
    /// <param name="loop">The loop that owns the sockets.</param>
    /// <param name="options">Limits.</param>
    /// <param name="time">Clock of the gates' deadlines.</param>
    /// <param name="log">Log.</param>
    public static async Task<ClientTransport> OpenAsync(
        ServerAddress server, bool hearsOrders, FrameBypass? chunks, SocketLoop loop, PantryOptions options, TimeProvider time, ILogger log)
    {
        var transport = new ClientTransport(loop, chunks is null ? options.InboundQueue : options.InboundChunks, options);
        ClientSockets sockets = await ClientSockets.OpenAsync(loop, transport._inbound, hearsOrders, options).ConfigureAwait(false);
        transport._sockets = sockets;
        var limits = new GateLimits();
        if (chunks is not null)
            limits = limits with { BufferBytes = Profiles.ChunkPieceBytes };
        transport._answers = new ClientGate(
            DialOptions(server, chunks is null ? server.ReceivePort : server.FilePort), sockets.AnswerEndPoint,
            chunks is null ? Profiles.Answer(options.Wire) : Profiles.AnswerFiles(options.Wire), limits, time, log, transport.LinkChanged, chunks);
        if (sockets.OrderEndPoint is { } orders)
            transport._orders = new ClientGate(DialOptions(server, server.PublishPort), orders, Profiles.Subscribe(options.Wire), limits, time, log);
        transport._answers.Start();
        transport._orders?.Start();
        return transport;
    }

    public Task<SendOutcome> SendAsync(byte[][] frames) => SendAsync(sockets => sockets.Send(frames));

    /// <summary>Sends a message of one large frame; its memory is the socket's from then on, and not given back.</summary>
    public Task<SendOutcome> SendChunkAsync(HandedFrame frame) => SendAsync(sockets => sockets.Send(frame.Segment));

    /// <summary>Drops some topics and hears others, in the order given.</summary>
    public async ValueTask SetTopicsAsync(IReadOnlyList<TopicId> dropped, IReadOnlyList<TopicId> added) =>
        await _loop.PostAsync(() =>
        {
            foreach (TopicId topic in dropped)
                _sockets?.Unsubscribe(topic);
            foreach (TopicId topic in added)
                _sockets?.Subscribe(topic);
        }).ConfigureAwait(false);

    /// <summary>The server has let us in: should the links be cut now, they are dialled without a long pause.</summary>
    public void ForgetFailures()
    {
        _answers?.ForgetFailures();
        _orders?.ForgetFailures();
    }

    /// <summary>Gives up the present links and dials at once.</summary>
    public void Redial()
    {
        _answers?.Redial();
        _orders?.Redial();
    }

    /// <summary>Lets what was accepted leave, and closes everything.</summary>
    public async ValueTask DisposeAsync()
    {
        // Where there is no link nothing can leave.
        Task answers = _answers?.StopAsync(_isUp ? _options.StopTimeout : TimeSpan.Zero) ?? Task.CompletedTask;
        Task orders = _orders?.StopAsync(TimeSpan.Zero) ?? Task.CompletedTask;
        if (_sockets is { } sockets)
        {
            await _loop.CloseAsync(() =>
            {
                sockets.Dispose();
                _sockets = null;
            }).ConfigureAwait(false);
        }

        await Task.WhenAll(answers, orders).ConfigureAwait(false);
        _inbound.Complete();
    }

    private async Task<SendOutcome> SendAsync(Func<ClientSockets, SendOutcome> send)
    {
        using var deadline = new CancellationTokenSource(_options.SendTimeout);
        return await CongestionRetry.SendAsync(_loop, () => _sockets is { } sockets ? send(sockets) : SendOutcome.Closed, deadline.Token).ConfigureAwait(false);
    }

    private void LinkChanged(GateLinkState state)
    {
        _isUp = state.IsUp;
        _inbound.Add(new ClientEvent.LinkChanged(
            state.IsUp, state.Fault is { } fault ? new PantryException(CodeOf(fault.Kind), fault.Message) : null));
    }

    private static DialOptions DialOptions(ServerAddress server, int port) => new()
    {
        Host = server.Host,
        Port = port,
        Proxy = server.Proxy,
    };

    private static PantryErrorCode CodeOf(GateFaultKind kind) => kind switch
    {
        GateFaultKind.NameNotResolved => PantryErrorCode.InvalidAddress,
        GateFaultKind.AddressNotAllowed => PantryErrorCode.InvalidAddress,
        GateFaultKind.NotZmtp or GateFaultKind.WrongZmtpVersion or GateFaultKind.WrongMechanism or GateFaultKind.WrongSocketType
            or GateFaultKind.ProtocolViolation => PantryErrorCode.NotAPantryServer,
        _ => PantryErrorCode.ServerUnreachable,
    };
}

/// <summary>Where a server is.</summary>
/// <param name="Host">IPv4, IPv6 or DNS name; names are looked up at each dialling.</param>
/// <param name="PublishPort">Port of orders; 0 for an operator, who hears none.</param>
/// <param name="ReceivePort">Port of answers.</param>
/// <param name="Proxy">HTTP CONNECT or SOCKS5 proxy to dial through.</param>
/// <param name="FilePort">Port of files; 0 for the one that the server names.</param>
internal sealed record ServerAddress(string Host, int PublishPort, int ReceivePort, Uri? Proxy = null, int FilePort = 0)
{
    public override string ToString() => Addresses.Join(Host, ReceivePort);
}
