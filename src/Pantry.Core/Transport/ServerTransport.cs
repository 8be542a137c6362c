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
            ServerSockets sockets = await ServerSockets.OpenAsync(loop, transport._inbound, transport._inboundFiles, transport.IsHeard, options, time).ConfigureAwait(false);
            transport._sockets = sockets;
            GateProfile receive = Profiles.Receive(options.Wire);
            transport._publishing = Open(ports.Publish, sockets.PublishEndPoint, GateProfile.Publish(), null);
            transport._receiving = Open(ports.Receive, sockets.Receiver.EndPoint, receive, transport.TellEnded(ServerPort.Receive));
            transport._files = Open(ports.File, sockets.Files.EndPoint, Profiles.ReceiveFiles(options.Wire), transport.TellEnded(ServerPort.File));
            return transport;

            ServerGate Open(int port, IPEndPoint backend, GateProfile profile, Func<ulong, Task>? ended) =>
                ServerGate.Open([.. addresses.Select(address => new IPEndPoint(address, port))], backend, profile, gateLimits, time, log, ended);
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
    public async Task<SendOutcome> SendAsync(PeerId peer, byte[][] frames)
    {
        using var deadline = new CancellationTokenSource(_options.SendTimeout);
        return await CongestionRetry.SendAsync(_loop, () => _sockets?.Of(peer.Port).Send(peer.Number, frames) ?? SendOutcome.Closed, deadline.Token).ConfigureAwait(false);
    }

    /// <summary>Sends to one peer what it takes at once, or nothing.</summary>
    public async Task<SendOutcome> TrySendAsync(PeerId peer, byte[][] frames)
    {
        using var deadline = new CancellationTokenSource(_options.SendTimeout);
        return await CongestionRetry.OnceAsync(_loop, () => _sockets?.Of(peer.Port).Send(peer.Number, frames) ?? SendOutcome.Closed, deadline.Token).ConfigureAwait(false);
    }

    /// <summary>Where a peer is, as address and port; null once its connection has ended.</summary>
    public string? AddressOf(PeerId peer) => GateOf(peer.Port)?.AddressOf(peer.Number);

    /// <summary>
    /// Closes a peer's connection once what was sent to it before has left, or after a second. What it sends is dropped
    /// from now on, except for what is in <see cref="Events"/> already; then comes its <see cref="ServerEvent.Disconnected"/>.
    /// </summary>
    public void Close(PeerId peer)
    {
        var mark = new EndMark();
        // The gate comes first, or it would pass the mark on. A mark that cannot be sent is what the gate's deadline is for.
        if (GateOf(peer.Port)?.Dismiss(peer.Number, mark) == true)
            _ = _loop.PostAsync(() => _sockets?.Of(peer.Port).Send(peer.Number, mark.Body)).AsTask();
    }

    /// <summary>Stops listening, lets what was accepted leave, and closes everything.</summary>
    public async ValueTask DisposeAsync()
    {
        // The gates stop listening at once and go on forwarding until the sockets, which linger, have closed.
        Task[] drained = [.. Gates.Select(gate => gate.StopAsync(_options.StopTimeout))];
        if (_sockets is { } sockets)
        {
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

    private IEnumerable<ServerGate> Gates => new[] { _publishing, _receiving, _files }.OfType<ServerGate>();

    private ServerGate? GateOf(ServerPort port) => port == ServerPort.Receive ? _receiving : _files;

    private bool IsHeard(PeerId peer) => GateOf(peer.Port)?.IsHeard(peer.Number) == true;

    private Func<ulong, Task> TellEnded(ServerPort port) => async number =>
    {
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (await _loop.PostAsync(() => _sockets?.Of(port).End(number, told)).ConfigureAwait(false))
            await told.Task.ConfigureAwait(false);
    };
}
