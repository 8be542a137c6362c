using System.Net;
using Microsoft.Extensions.Logging;
using Pantry.Configuration;
using Pantry.Transport.Gates;

namespace Pantry.Transport;

/// <summary>A server's sockets and the gates in front of them.</summary>
internal sealed class ServerTransport : IAsyncDisposable
{
    private readonly SocketLoop _loop;
    private readonly InboundQueue<ServerEvent> _inbound;
    // Apart from all else: chunks are large, and must not stand before what keeps a session alive.
    private readonly InboundQueue<ServerEvent> _inboundFiles;
    private readonly PantryOptions _options;
    private ServerGate? _publishing;
    private ServerGate? _receiving;
    private ServerGate? _files;
    private ServerSockets? _sockets;

    private ServerTransport(SocketLoop loop, PantryOptions options)
    {
        _loop = loop;
        _options = options;
        _inbound = new InboundQueue<ServerEvent>(options.InboundQueue, Resume);
        _inboundFiles = new InboundQueue<ServerEvent>(options.InboundChunks, Resume);
        void Resume() => _ = loop.PostAsync(() => _sockets?.Resume()).AsTask();
    }

    public int PublishPort => _publishing!.EndPoints[0].Port;

    public int ReceivePort => _receiving!.EndPoints[0].Port;

    public int FilePort => _files!.EndPoints[0].Port;

    public IEnumerable<GateCounters> GateCounters => Gates.Select(gate => gate.Counters);

    /// <summary>Messages that reached an endpoint from no connection of its gate, or from one that was closed meanwhile.</summary>
    public long Strays => _sockets is { } sockets ? sockets.Receiver.Strays + sockets.Files.Strays : 0;

    /// <summary>Published messages that did not reach a subscriber, because too much waits for it already.</summary>
    public long Missed => GateCounters.Sum(counters => counters.Missed);

    /// <summary>What happens on the sockets, but for that of files; ends when the transport does.</summary>
    public IAsyncEnumerable<ServerEvent> Events => _inbound.ReadAllAsync();

    /// <summary>What happens on the socket of files.</summary>
    public IAsyncEnumerable<ServerEvent> FileEvents => _inboundFiles.ReadAllAsync();

    /// <param name="addresses">Where to listen; every port on each of them.</param>
    /// <param name="ports">Ports for publishing, receiving and files; 0 for any free one.</param>
    /// <param name="loop">The loop that owns the sockets.</param>
    /// <param name="options">Limits.</param>
    /// <param name="gateLimits">Limits of the gates.</param>
    /// <param name="time">Clock of the gates' deadlines.</param>
    /// <param name="log">Log.</param>
    public static async Task<ServerTransport> OpenAsync(
        IReadOnlyList<IPAddress> addresses, (int Publish, int Receive, int File) ports, SocketLoop loop,
        PantryOptions options, GateLimits gateLimits, TimeProvider time, ILogger log)
    {
        var transport = new ServerTransport(loop, options);
        try
        {
            ServerSockets sockets = await ServerSockets.OpenAsync(loop, transport._inbound, transport._inboundFiles, options).ConfigureAwait(false);
            transport._sockets = sockets;
            GateProfile receive = Profiles.Receive(options.Wire);
            transport._publishing = Open(ports.Publish, sockets.PublishEndPoint, GateProfile.Publish(), null, gateLimits);
            transport._receiving = Open(ports.Receive, sockets.Receiver.EndPoint, receive, sockets.Receiver, gateLimits);
            // A peer may have a whole window of chunks on its way.
            transport._files = Open(ports.File, sockets.Files.EndPoint, Profiles.ReceiveFiles(options.Wire), sockets.Files,
                gateLimits with { OutboundBytes = Math.Max(gateLimits.OutboundBytes, 2L * options.Files.MaxChunkWindow), BufferBytes = Math.Max(gateLimits.BufferBytes, Profiles.ChunkPieceBytes) });
            return transport;

            ServerGate Open(int port, IPEndPoint backend, GateProfile profile, RouterPort? router, GateLimits limits) => ServerGate.Open(
                [.. addresses.Select(address => new IPEndPoint(address, port))], backend, profile, limits, time, log,
                router is null ? null : name => loop.InvokeAsync(() =>
                {
                    router.SetLink(name);
                    return true;
                }));
        }
        catch
        {
            await transport.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Publishes to all that subscribed to the topic.</summary>
    public async ValueTask<bool> PublishAsync(TopicId topic, byte[] frame) =>
        await _loop.PostAsync(() => _sockets?.Publish(topic, frame)).ConfigureAwait(false);

    /// <summary>Sends to one peer; waits a while for one that is congested.</summary>
    public Task<SendOutcome> SendAsync(PeerId peer, byte[][] frames) => RetryAsync(() => TrySendAsync(peer, frames));

    /// <summary>
    /// Sends a message of one frame straight through the gate: a chunk of a file, which is sealed by itself and may pass others on its way. It is
    /// the gate's once it is sent.
    /// </summary>
    public Task<SendOutcome> SendChunkAsync(PeerId peer, HandedFrame frame) => RetryAsync(() => ValueTask.FromResult(GateOf(peer.Port)?.TrySend(peer.Number, frame) switch
    {
        RoomOutcome.Taken => SendOutcome.Sent,
        RoomOutcome.Full => SendOutcome.Congested,
        RoomOutcome.Gone => SendOutcome.Unreachable,
        _ => SendOutcome.Closed,
    }));

    /// <summary>Sends to one peer what it takes at once, or nothing.</summary>
    public async ValueTask<SendOutcome> TrySendAsync(PeerId peer, byte[][] frames)
    {
        if (_sockets is null || GateOf(peer.Port) is not { } gate)
            return SendOutcome.Closed;
        long bytes = LinkMessage.WireBytes(frames);
        switch (gate.TryTakeRoom(peer.Number, bytes))
        {
            case RoomOutcome.Gone:
                return SendOutcome.Unreachable;
            case RoomOutcome.Full:
                return SendOutcome.Congested;
        }

        // With room it will be sent, so nobody has to wait until it was.
        SendOutcome outcome = _loop.TryPost(Send) ? SendOutcome.Sent : await PostInTimeAsync(Send).ConfigureAwait(false);
        if (outcome != SendOutcome.Sent)
            gate.ReturnRoom(peer.Number, bytes);
        return outcome;

        void Send()
        {
            if (_sockets?.Of(peer.Port).Send(peer.Number, frames) != true)
                gate.ReturnRoom(peer.Number, bytes);
        }
    }

    /// <summary>Where a peer is, as address and port; null once its connection has ended.</summary>
    public string? AddressOf(PeerId peer) => GateOf(peer.Port)?.AddressOf(peer.Number);

    /// <summary>
    /// Closes a peer's connection once it has what was sent to it before, and the end. Where that is not at the gate within
    /// a second, the peer gets what is there and the end, and has two more to take them. What it sends is dropped from now
    /// on, except for what is in <see cref="Events"/> already; then comes its <see cref="ServerEvent.Disconnected"/>.
    /// </summary>
    public void Close(PeerId peer)
    {
        // The gate first: it listens no more from here on, and ends the connection in time even if the end cannot be sent.
        if (GateOf(peer.Port)?.Dismiss(peer.Number) == true)
            _ = _loop.PostAsync(() => _sockets?.Of(peer.Port).End(peer.Number)).AsTask();
    }

    /// <summary>Stops listening, lets what was accepted leave, and closes everything.</summary>
    public async ValueTask DisposeAsync()
    {
        // The gates stop listening at once and go on forwarding until the sockets, which linger, have closed.
        Task[] drained = [.. Gates.Select(gate => gate.StopAsync(_options.StopTimeout))];
        if (_sockets is { } sockets)
        {
            await FlushAsync().ConfigureAwait(false);
            await _loop.CloseAsync(() =>
            {
                sockets.Dispose();
                _sockets = null;
            }).ConfigureAwait(false);
        }

        await Task.WhenAll(drained).ConfigureAwait(false);
        _inbound.Complete();
        _inboundFiles.Complete();
    }

    private async Task<SendOutcome> RetryAsync(Func<ValueTask<SendOutcome>> send)
    {
        SendOutcome outcome = await send().ConfigureAwait(false);
        if (outcome != SendOutcome.Congested)
            return outcome;
        using var deadline = new CancellationTokenSource(_options.SendTimeout);
        for (int pause = 5; outcome == SendOutcome.Congested && !deadline.IsCancellationRequested; pause = Math.Min(pause * 2, 200))
        {
            await Task.Delay(pause, deadline.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            outcome = await send().ConfigureAwait(false);
        }

        return outcome;
    }

    private IEnumerable<ServerGate> Gates => new[] { _publishing, _receiving, _files }.OfType<ServerGate>();

    private ServerGate? GateOf(ServerPort port) => port == ServerPort.Receive ? _receiving : _files;

    private async Task<SendOutcome> PostInTimeAsync(Action work)
    {
        using var deadline = new CancellationTokenSource(_options.SendTimeout);
        try
        {
            return await _loop.PostAsync(work, deadline.Token).ConfigureAwait(false) ? SendOutcome.Sent : SendOutcome.Closed;
        }
        catch (OperationCanceledException)
        {
            return SendOutcome.Congested;
        }
    }

    /// <summary>Waits for what was sent to reach the gates: closing NetMQ's sockets, linger or not, can lose it.</summary>
    private async Task FlushAsync()
    {
        using var deadline = new CancellationTokenSource(_options.StopTimeout);
        // Behind all that was posted before.
        await _loop.CloseAsync(() => { }).ConfigureAwait(false);
        while (IsUnderWay() && !deadline.IsCancellationRequested)
            await Task.Delay(1, deadline.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        bool IsUnderWay() => _sockets is { } sockets
            && (_receiving?.Awaits(sockets.Receiver.Sent) == true || _files?.Awaits(sockets.Files.Sent) == true);
    }
}
