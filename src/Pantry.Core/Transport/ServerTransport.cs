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
    private readonly PantryOptions _options;
    private readonly List<ServerGate> _gates = [];
    private ServerSockets? _sockets;

    private ServerTransport(SocketLoop loop, PantryOptions options)
    {
        _loop = loop;
        _options = options;
        _inbound = new InboundQueue<ServerEvent>(options.InboundQueue, () => _ = loop.PostAsync(() => _sockets?.Resume()).AsTask());
    }

    public int PublishPort => _gates[0].EndPoints[0].Port;

    public int ReceivePort => _gates[1].EndPoints[0].Port;

    public int FilePort => _gates[2].EndPoints[0].Port;

    public IEnumerable<GateCounters> GateCounters => _gates.Select(gate => gate.Counters);

    /// <summary>What happens on the sockets; ends when the transport does.</summary>
    public IAsyncEnumerable<ServerEvent> Events => _inbound.ReadAllAsync();

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
            ServerSockets sockets = await ServerSockets.OpenAsync(loop, transport._inbound, options).ConfigureAwait(false);
            transport._sockets = sockets;
            GateProfile receive = Profiles.Receive(options.Wire);
            transport.OpenGate(addresses, ports.Publish, sockets.PublishEndPoint, GateProfile.Publish(), gateLimits, time, log);
            transport.OpenGate(addresses, ports.Receive, sockets.ReceiveEndPoint, receive, gateLimits, time, log);
            transport.OpenGate(addresses, ports.File, sockets.FileEndPoint, receive, gateLimits, time, log);
            return transport;
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
        return await CongestionRetry.SendAsync(_loop, () => _sockets?.Send(peer, frames) ?? SendOutcome.Closed, deadline.Token).ConfigureAwait(false);
    }

    /// <summary>Stops listening, lets what was accepted leave, and closes everything.</summary>
    public async ValueTask DisposeAsync()
    {
        // The gates stop listening at once and go on forwarding until the sockets, which linger, have closed.
        Task[] drained = [.. _gates.Select(gate => gate.StopAsync(_options.StopTimeout))];
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
    }

    private void OpenGate(
        IReadOnlyList<IPAddress> addresses, int port, IPEndPoint backend, GateProfile profile, GateLimits limits, TimeProvider time, ILogger log) =>
        _gates.Add(ServerGate.Open([.. addresses.Select(address => new IPEndPoint(address, port))], backend, profile, limits, time, log));
}
