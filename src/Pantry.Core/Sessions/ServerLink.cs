using Microsoft.Extensions.Logging;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Transport;
using Pantry.Transport.Gates;

namespace Pantry.Sessions;

/// <summary>
/// One side's conversation with a server, for a client as for an operator, which comes back for ever. What happens on the
/// connection goes from here to the part of the link that it concerns, and what the server says to the owner.
/// </summary>
internal sealed class ServerLink : IAsyncDisposable
{
    private readonly LinkContext _context;
    private readonly SocketLoop _loop;
    private readonly bool _ownsLoop;
    private readonly ClientTransport _transport;
    private readonly LinkLine _line;
    private readonly LinkRequests _requests;
    private readonly LinkHeartbeat _heartbeat;
    private readonly LinkIntroduction _introduction;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _reading;
    private readonly Task _beating;
    private Task? _stopped;
    private volatile bool _leaving;

    private ServerLink(LinkContext context, SocketLoop loop, bool ownsLoop, ClientTransport transport)
    {
        _context = context;
        _loop = loop;
        _ownsLoop = ownsLoop;
        _transport = transport;
        _line = new LinkLine(context, transport);
        _requests = new LinkRequests(context, _line.SendAsync);
        _heartbeat = new LinkHeartbeat(context, _line);
        _introduction = new LinkIntroduction(this, context, _line, _requests, _heartbeat, _stopping.Token);
        _reading = Task.Run(ReadAsync);
        _beating = Task.Run(() => _heartbeat.RunAsync(this, () => _introduction.IsReady, _stopping.Token));
    }

    public ServiceStatus Status => _stopped is not null ? ServiceStatus.Stopped : _introduction.IsReady ? ServiceStatus.Running : ServiceStatus.Reconnecting;

    /// <summary>Id of the fleet, as the server said in the last handshake.</summary>
    public string Network => _line.Session.Network ?? "";

    /// <summary>Opens the link and waits for the first introduction.</summary>
    /// <exception cref="PantryException">The server could not be reached, is not the expected one, or refused.</exception>
    public static async Task<ServerLink> OpenAsync(
        ServerAddress server, bool hearsOrders, ILinkOwner owner, SocketLoop? loop, PantryOptions options, TimeProvider time, ILogger log,
        CancellationToken cancellation)
    {
        await Addresses.ResolveAsync(server.Host, cancellation).ConfigureAwait(false);
        SocketLoop used = loop ?? SocketLoop.Start("Pantry link", options.LoopMailbox, log);
        ServerLink link;
        try
        {
            ClientTransport transport = await ClientTransport.OpenAsync(server, hearsOrders, ChunksFor(owner, log), used, options, time, log).ConfigureAwait(false);
            link = new ServerLink(new LinkContext(server, owner, options, time, log), used, ownsLoop: loop is null, transport);
        }
        catch
        {
            if (loop is null)
                await used.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        try
        {
            await link._introduction.FirstAsync(cancellation).ConfigureAwait(false);
            return link;
        }
        catch
        {
            await link.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Sends a message; what is sent while there is no link may be lost, which its sender must reckon with.</summary>
    public Task<SendOutcome> SendAsync(Message message) => _line.SendAsync(message);

    /// <summary>Sends a chunk of a file, which is sealed by itself; waits while the link is congested.</summary>
    public Task<SendOutcome> SendChunkAsync(HandedFrame frame) => _introduction.IsReady ? _transport.SendChunkAsync(frame) : Task.FromResult(SendOutcome.Unreachable);

    /// <summary>The server gave a sign of life that only the owner could read.</summary>
    public void Heard() => _heartbeat.Heard();

    /// <summary>Gives up the present connection and dials at once.</summary>
    public void Redial() => _line.Redial();

    /// <summary>Drops some topics and hears others, in the order given.</summary>
    public ValueTask SetTopicsAsync(IReadOnlyList<TopicId> dropped, IReadOnlyList<TopicId> added) => _transport.SetTopicsAsync(dropped, added);

    /// <summary>Introduces this side anew on the same link, once what was just received is handled.</summary>
    public void IntroduceAnew() => _introduction.AskAnew();

    /// <summary>Sends a request and waits for its answer.</summary>
    /// <exception cref="PantryException">The server refused, the link was lost, or no answer came in time.</exception>
    public Task<Message> RequestAsync(MessageKind kind, object head, IReadOnlyList<byte[]> bodies, TimeSpan timeout, CancellationToken cancellation)
    {
        if (!_introduction.IsReady)
            return Task.FromException<Message>(NotReady());
        _leaving |= kind == MessageKind.Leave;
        return _requests.AskAsync(kind, head, bodies, timeout, cancellation);
    }

    /// <summary>Sends a request whose answer comes in several messages; each goes to <paramref name="received"/>, on the reading task.</summary>
    /// <exception cref="PantryException">The link was lost.</exception>
    public Task<IDisposable> RequestStreamAsync(MessageKind kind, object head, Action<Message> received) => _introduction.IsReady
        ? _requests.AskStreamAsync(kind, head, received)
        : Task.FromException<IDisposable>(NotReady());

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
        _introduction.GiveUp();
        await _transport.DisposeAsync().ConfigureAwait(false);
        _requests.FailAll();
        await Task.WhenAll(_reading, _beating).ConfigureAwait(false);
        _line.Session.Dispose();
        if (_ownsLoop)
            await _loop.DisposeAsync().ConfigureAwait(false);
    }

    private static FrameBypass? ChunksFor(ILinkOwner owner, ILogger log) => !owner.TakesChunks ? null : BulkFrame.Bypass(frame =>
    {
        try
        {
            owner.ReceiveChunk(frame);
        }
        catch (Exception exception)
        {
            log.LogError(exception, "A chunk of the server could not be handled.");
        }
    });

    private async Task ReadAsync()
    {
        await foreach (ClientEvent happened in _transport.Events.ConfigureAwait(false))
        {
            try
            {
                if (happened is ClientEvent.LinkChanged change)
                    LinkChanged(change);
                else if (happened is ClientEvent.Received { Topic: { } topic } published)
                    _context.Owner.ReceivePublished(this, topic, published.Frames[0]);
                else if (happened is ClientEvent.Received received)
                    Receive(received.Frames);
            }
            catch (Exception exception)
            {
                _context.Log.LogError(exception, "A message of the server could not be handled.");
            }
        }
    }

    private void LinkChanged(ClientEvent.LinkChanged change)
    {
        _introduction.End();
        _line.Change(change.Up);
        if (change.Up)
        {
            _heartbeat.Heard();
            _introduction.Begin();
            return;
        }

        _context.Log.LogInformation("No link to {Server}: {Fault}", _context.Server, change.Fault?.Message);
        _introduction.Failed(change.Fault);
    }

    private void Receive(byte[][] frames)
    {
        if (_line.Open(frames) is not { } opened)
            return;
        _heartbeat.Heard();
        if (opened.Message is not { } message)
            return;
        if (message.Head is Refused { Code: nameof(PantryErrorCode.NotConnected) } && _introduction.IsReady && !_leaving)
        {
            // The server wants to hear anew who we are, as after a decision about our key.
            _introduction.End();
            _introduction.Begin();
        }
        else if (!_requests.TryAnswer(message) && !_introduction.TryHold(message))
        {
            _context.Owner.Receive(this, message);
            if (_introduction.IsAskedAnew && !_leaving)
            {
                _introduction.End();
                _introduction.Begin();
            }
        }
    }

    private PantryException NotReady() => _stopped is not null
        ? new PantryException(PantryErrorCode.Stopped, $"The connection to {_context.Server} was closed. Use Connect-PantryServer again.")
        : _introduction.Refusal ?? new PantryException(PantryErrorCode.ConnectionLost,
            $"There is no link to the server {_context.Server} at present; it is being dialled again. {_introduction.LastFault?.Message}");
}
