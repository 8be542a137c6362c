using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Sessions;
using Pantry.Sessions.Curve;
using Pantry.Storage;
using Pantry.Transport;
using Pantry.Transport.Gates;

namespace Pantry.Server;

/// <summary>
/// The sessions of a server. A peer has one once its handshake stands and its key may come in; whatever else it sends
/// before that is dropped and counted, and its connection closed.
/// </summary>
internal sealed class PeerSessions : IAsyncDisposable
{
    // Times that a handshake may take before its connection is closed.
    private const int Patience = 10;

    private readonly ServerTransport _transport;
    private readonly ServerState _state;
    private readonly PantryOptions _options;
    private readonly TimeProvider _time;
    private readonly ServerCounters _counters;
    private readonly Action<ServerSession, string> _closed;
    private readonly ILogger _log;
    private readonly ConcurrentDictionary<PeerId, ServerSession> _sessions = new();
    // Connections that are being closed: what still comes of them counts for nothing.
    private readonly ConcurrentDictionary<PeerId, bool> _leaving = new();
    // Since when those without a session have been shaking hands.
    private readonly ConcurrentDictionary<PeerId, long> _knocking = new();
    private readonly KnownAddresses _known = new();
    private readonly ApplicantPlaces _applicants;
    private readonly CurveServer _curve;
    private readonly HandshakeDesk _desk;

    public PeerSessions(
        ServerTransport transport, ServerState state, PantryOptions options, TimeProvider time, ServerCounters counters, Action<ServerSession, string> closed, ILogger log)
    {
        _transport = transport;
        _state = state;
        _options = options;
        _time = time;
        _counters = counters;
        _closed = closed;
        _log = log;
        _applicants = new ApplicantPlaces(options.MaxApplicants, options.MaxApplicantsOfAddress);
        _curve = new CurveServer(state.Keys.Session);
        _desk = new HandshakeDesk(_curve, SendOrCloseAsync, Admit, Refuse, options, counters, time, log);
        foreach (ClientKey key in state.Trust.All().Where(key => key.Status == KeyStatus.Approved))
            _known.Add(AddressOnly(key.From));
    }

    public ICollection<ServerSession> All => _sessions.Values;

    /// <summary>Takes what a peer sent: either it belongs to a handshake, or there must be a session.</summary>
    public bool TryFind(PeerId peer, byte[][] frames, [NotNullWhen(true)] out ServerSession? session)
    {
        session = null;
        if (_leaving.ContainsKey(peer))
            return false;
        if (HandshakeDesk.IsHandshake(frames))
        {
            Knock(peer, frames[0], AddressOnly(_transport.AddressOf(peer)));
            return false;
        }

        if (_sessions.TryGetValue(peer, out session))
            return true;

        // Nothing is said here without a session: a peer that thinks it has one begins anew on a new connection.
        _counters.Dropped("NoSession");
        _state.Audit.Refused("NoSession", null, AddressOnly(_transport.AddressOf(peer)));
        CloseConnection(peer);
        return false;
    }

    /// <summary>The session of a peer that has one already; null where there is none, or it is being closed.</summary>
    public ServerSession? Find(PeerId peer) => _leaving.ContainsKey(peer) ? null : _sessions.GetValueOrDefault(peer);

    /// <summary>The session of a key; null where it has none.</summary>
    public IEnumerable<ServerSession> Of(PublicKey key) => _sessions.Values.Where(session => session.Key.Equals(key));

    /// <summary>The connection of a peer has ended.</summary>
    public void Disconnected(PeerId peer)
    {
        _desk.Forget(peer);
        _leaving.TryRemove(peer, out _);
        _knocking.TryRemove(peer, out _);
        if (_sessions.TryGetValue(peer, out ServerSession? session))
            Close(session, "its connection has ended");
    }

    /// <summary>Ends a session, and its connection once what was queued has left.</summary>
    public void Close(ServerSession session, string why)
    {
        if (!_sessions.TryRemove(KeyValuePair.Create(session.Peer, session)))
            return;
        _leaving[session.Peer] = true;
        _applicants.Leave(session.Peer);
        session.Close();
        _closed(session, why);
        _ = CloseConnectionAsync(session);
    }

    public void Sweep()
    {
        long now = _time.GetTimestamp();
        _desk.Sweep();
        foreach (PeerId peer in _leaving.Keys.Where(peer => _transport.AddressOf(peer) is null))
            _leaving.TryRemove(peer, out _);
        foreach (PeerId peer in _knocking.Where(knock => _time.GetElapsedTime(knock.Value, now) > Patience * _options.HandshakeTimeout).Select(knock => knock.Key))
        {
            // Who holds a connection for nothing takes the place of another.
            _knocking.TryRemove(peer, out _);
            _counters.Dropped("HandshakeUnfinished");
            CloseConnection(peer);
        }

        foreach (ServerSession session in _sessions.Values)
        {
            if (_time.GetElapsedTime(session.LastHeard, now) > _options.DeadAfter)
                Close(session, $"nothing was heard for {_options.DeadAfter.TotalSeconds:0} s");
            else if (!session.Introduced && _time.GetElapsedTime(session.OpenedAt, now) > _options.IntroductionTimeout)
                Close(session, "it did not introduce itself");
            else if (_time.GetElapsedTime(session.BegunAt, now) > 2 * _options.SessionLifetime)
                Close(session, "it did not renew its keys");
        }

        // Who was let in meanwhile, or was gone before it had a session.
        _applicants.Prune(peer => _sessions.TryGetValue(peer, out ServerSession? session) && (session.Role & (Senders.Applicant | Senders.Enrollee)) != 0);
    }

    public async ValueTask DisposeAsync()
    {
        await _desk.DisposeAsync().ConfigureAwait(false);
        foreach (ServerSession session in _sessions.Values)
            session.Close();
        _curve.Dispose();
    }

    private void Knock(PeerId peer, byte[] command, string address)
    {
        if (!_sessions.ContainsKey(peer))
            _knocking.TryAdd(peer, _time.GetTimestamp());
        _desk.Offer(peer, command, AddressShare.Of(address), _known.Contains(address));
    }

    private async Task CloseConnectionAsync(ServerSession session)
    {
        using var deadline = new CancellationTokenSource(_options.StopTimeout, _time);
        await session.FlushAsync(deadline.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        CloseConnection(session.Peer);
    }

    private void CloseConnection(PeerId peer)
    {
        _leaving[peer] = true;
        _transport.Close(peer);
        // One that is gone already is not told of again.
        if (_transport.AddressOf(peer) is null)
            _leaving.TryRemove(peer, out _);
    }

    // Who does not read one command is not waited for: handshakes of others are behind it.
    private async Task SendOrCloseAsync(PeerId peer, byte[] command)
    {
        if (await _transport.TrySendAsync(peer, [command]).ConfigureAwait(false) != SendOutcome.Sent)
            CloseConnection(peer);
    }

    private void Refuse(PeerId peer, string? reason)
    {
        string address = AddressOnly(_transport.AddressOf(peer));
        _counters.Dropped(reason ?? "Refused");
        _state.Audit.Refused(reason ?? "Refused", null, address);
        string told = reason switch
        {
            "WrongServerKey" => SessionRefusal.Write(PantryErrorCode.ServerKeyMismatch,
                $"this server's key is {_state.Keys.Session.PublicKey.Fingerprint}; the peer expects another one. Compare with what the server shows as its PublicKey."),
            _ => SessionRefusal.Write(PantryErrorCode.Refused, "the handshake does not stand."),
        };
        _ = RefuseAsync(peer, told);
    }

    private async Task RefuseAsync(PeerId peer, string reason)
    {
        await _transport.TrySendAsync(peer, [CurveServer.Error(reason)]).ConfigureAwait(false);
        CloseConnection(peer);
    }

    /// <summary>The handshake stands: the peer holds the key. Whether that key may come in is decided here.</summary>
    private void Admit(PeerId peer, CurveInitiateResult initiate)
    {
        using CurvePendingSession pending = initiate.Pending!;
        PublicKey key = initiate.Client!;
        string address = AddressOnly(_transport.AddressOf(peer));
        Senders role;
        try
        {
            role = Judge(peer, key, initiate.Metadata!, address);
        }
        catch (PantryException refused)
        {
            _counters.Dropped(refused.Code.ToString());
            _state.Audit.Refused(refused.Code.ToString(), key, address);
            _ = RefuseAsync(peer, SessionRefusal.Write(refused.Code, refused.Message));
            return;
        }

        (byte[] ready, CurveSession curve) = pending.Accept(SessionTerms.OfServer(_state.Authority.Network));
        long now = _time.GetTimestamp();
        if (_sessions.TryGetValue(peer, out ServerSession? existing))
        {
            // New keys for the same peer; another key on the same connection would be another peer.
            if (existing.Key.Equals(key))
            {
                existing.Renew(ready, curve, now);
            }
            else
            {
                curve.Dispose();
                Close(existing, "it came with another key");
            }

            return;
        }

        if (role == Senders.Client)
            _known.Add(address);
        var session = new ServerSession(
            peer, key, role, address, new MessageChannel(curve, _options.Wire), now, (to, frames) => _transport.SendAsync(to.Peer, frames), Close)
        {
            ChunkExit = peer.Port == ServerPort.File ? frame => _transport.SendChunkAsync(peer, frame) : null,
        };
        // READY leaves first, and the session is there before the peer's answer to it can be.
        session.Begin(ready, curve);
        _sessions[peer] = session;
        _knocking.TryRemove(peer, out _);
        // A connection that ended meanwhile was looked for before there was a session.
        if (_transport.AddressOf(peer) is null)
            Close(session, "its connection has ended");
    }

    private Senders Judge(PeerId peer, PublicKey key, CurveMetadata metadata, string address)
    {
        if (SessionTerms.Conflict(metadata, _state.Authority.Network, "The peer") is { } conflict)
            throw conflict;
        _ = Enum.TryParse(metadata.Text(SessionTerms.Role), out SessionRole role);
        switch (role)
        {
            case SessionRole.Operator when _state.Authority.IsConsole(key) && !Addresses.IsOfThisMachine(address):
                throw new PantryException(PantryErrorCode.KeyUnknown, "That operator's key is good on the server's own machine only.");
            case SessionRole.Operator:
                return _state.Authority.FindBySessionKey(key) is not null ? Senders.Operator
                    : throw new PantryException(PantryErrorCode.KeyUnknown, $"No operator has the key {key.Fingerprint}; it was revoked, its time is over, or it is another fleet's.");
            case SessionRole.Enrollee when peer.Port == ServerPort.File:
                throw NotLetIn(key);
            case SessionRole.Enrollee:
                EnrollmentGrant enrollment = _state.Trust.FindEnrollment(key)
                    ?? throw new PantryException(PantryErrorCode.InvalidEnrollment, "The server knows no such enrolment. Make a new one with New-PantryEnrollment.");
                // One that was used may be asked again by the client that it let in, whenever that is.
                if (enrollment.UsedAt is null && _time.GetUtcNow() > enrollment.ExpiresAt)
                {
                    throw new PantryException(PantryErrorCode.InvalidEnrollment,
                        $"The enrolment '{enrollment.Id}' was good until {enrollment.ExpiresAt:u}. Make a new one with New-PantryEnrollment.");
                }

                return WithPlace(peer, address, Senders.Enrollee);
            default:
                ClientKey? client = _state.Trust.Find(key);
                if (client is { Status: KeyStatus.Denied or KeyStatus.Revoked })
                    throw ClientAdmission.Refusal(client);
                if (client is null && _options.MaxPendingKeys == 0)
                    throw new PantryException(PantryErrorCode.KeyUnknown, $"The key {key.Fingerprint} is not known here. Enrol the client with New-PantryEnrollment.");
                if (client?.Status == KeyStatus.Approved)
                    return Senders.Client;
                if (peer.Port == ServerPort.File)
                    throw NotLetIn(key);
                return WithPlace(peer, address, Senders.Applicant);
        }
    }

    // Files are for those who were let in: strangers introduce themselves on the other port.
    private static PantryException NotLetIn(PublicKey key) => new(PantryErrorCode.KeyUnknown,
        $"The key {key.Fingerprint} is that of no client which was let in; the port of files is for those alone.");

    // They cost memory, and nobody has said that they may.
    private Senders WithPlace(PeerId peer, string address, Senders role) => _applicants.TryEnter(peer, AddressShare.Of(address)) ? role
        : throw new PantryException(PantryErrorCode.LimitReached,
            $"{_options.MaxApplicants} clients that are not let in yet are connected, or {_options.MaxApplicantsOfAddress} from this address, which is the server's limit. Try again later.");

    // Ports change with every connection; what counts is the machine.
    private static string AddressOnly(string? endPoint) =>
        endPoint is null ? "" : System.Net.IPEndPoint.TryParse(endPoint, out System.Net.IPEndPoint? parsed) ? parsed.Address.ToString() : endPoint;
}
