using Microsoft.Extensions.Logging;
using Pantry.Protocol;
using Pantry.Transport;

namespace Pantry.Sessions;

/// <summary>The connection to a server as it stands: whether there is one, the session on it, and what goes over it.</summary>
internal sealed class LinkLine(LinkContext context, ClientTransport transport)
{
    private readonly LinkSender _sender = new(transport.SendAsync, context.Options.Wire);
    // Another one with every connection; replaced on the reading task alone.
    private volatile LinkSession _session = context.NewSession(before: null);
    private volatile bool _up;

    public bool IsUp => _up;

    public LinkSession Session => _session;

    /// <summary>The connection has come or gone: its session is over, and there is a new one without keys.</summary>
    public void Change(bool up)
    {
        _up = up;
        LinkSession ended = _session;
        _session = context.NewSession(ended);
        ended.Dispose();
    }

    /// <summary>Sends a message; what is sent while there is no link may be lost, which its sender must reckon with.</summary>
    public Task<SendOutcome> SendAsync(Message message) => _session.Channel is { } channel
        ? _sender.SendAsync(message, channel, isCurrent: () => _up && _session.Channel == channel)
        : Task.FromResult(SendOutcome.Unreachable);

    /// <summary>Shakes hands in a session that has no keys yet.</summary>
    /// <exception cref="PantryException">The server refused, is another one, or did not answer in time.</exception>
    public Task HandshakeAsync(LinkSession session, CancellationToken cancellation) =>
        session.Channel is null ? session.HandshakeAsync(transport.SendAsync, cancellation) : Task.CompletedTask;

    /// <summary>New keys on the same connection when it is time. Nothing else leaves until they are there, so that each message has one key.</summary>
    public async Task RenewAsync(CancellationToken cancellation)
    {
        if (_session is not { IsRenewalDue: true } session)
            return;
        try
        {
            // The connection may have come anew meanwhile, with a session and a handshake of its own.
            await _sender.HoldAsync(() => session == _session ? session.HandshakeAsync(transport.SendAsync, cancellation) : Task.CompletedTask, cancellation)
                .ConfigureAwait(false);
        }
        catch (PantryException failed)
        {
            if (session != _session)
                return;
            context.Log.LogWarning("The session with {Server} could not be renewed; dialling anew: {Reason}", context.Server, failed.Message);
            transport.Redial();
        }
    }

    /// <summary>Opens what has come; nothing where it belonged to a handshake. On the reading task.</summary>
    public Opened? Open(byte[][] frames)
    {
        if (_session.TryTake(frames))
            return null;
        Opened opened = _session.Channel?.Open(frames, Senders.Server) ?? new Opened(DecodeFault.NotSealed);
        if (opened.Fault == DecodeFault.None)
            return opened;
        context.Log.LogWarning("A message of the server was dropped: {Fault}.", opened.Fault);
        // What the server did not seal came from somebody in between: this link is of no use any more.
        if (opened.Fault == DecodeFault.NotSealed)
            transport.Redial();
        return null;
    }

    /// <summary>Gives up the present connection and dials at once.</summary>
    public void Redial() => transport.Redial();

    /// <summary>The server has let us in: should the connection be cut now, it is dialled without a long pause.</summary>
    public void ForgetFailures() => transport.ForgetFailures();
}
