using Pantry.Configuration;
using Pantry.Sessions.Curve;
using Pantry.Transport;

namespace Pantry.Sessions;

/// <summary>
/// This side's session with a server over one link: the handshake, and the keys it brings. The same link can have a
/// handshake anew, whose keys take the place of the old ones.
/// </summary>
/// <param name="credentials">Who this side is, and whom it expects.</param>
/// <param name="server">The server, for messages.</param>
/// <param name="options">Times and limits.</param>
/// <param name="time">Clock.</param>
/// <param name="late">Answers to handshakes on connections before this one that may still come: what was read from those passes on its own way.</param>
internal sealed class LinkSession(LinkCredentials credentials, string server, PantryOptions options, TimeProvider time, int late = 0) : IDisposable
{
    // Beyond so many, answers that do not fit are not taken for late ones: it is another server.
    private const int MostForgiven = 4;

    private readonly Lock _lock = new();
    private Attempt? _attempt;
    private MessageChannel? _channel;
    private long _since = time.GetTimestamp();
    private bool _disposed;

    // Answers that handshakes did not wait for, and that may still come.
    private int _late = Math.Min(late, MostForgiven);
    private int _forgiven;
    private bool _asked;

    /// <summary>The messages of this session; null before its first handshake.</summary>
    public MessageChannel? Channel => Volatile.Read(ref _channel);

    /// <summary>Id of the fleet, as the server says; null before the handshake.</summary>
    public string? Network { get; private set; }

    /// <summary>Answers to its handshakes that may still come when it is over; none where one was completed.</summary>
    public int Unanswered
    {
        get
        {
            lock (_lock)
                return _channel is null ? _late + (_asked ? 1 : 0) : 0;
        }
    }

    /// <summary>Whether the keys have served long enough.</summary>
    public bool IsRenewalDue => Channel is { } channel
        && (time.GetElapsedTime(_since) > options.SessionLifetime || channel.Frames > options.SessionMessages);

    /// <summary>Shakes hands. Nothing else may be sent meanwhile.</summary>
    /// <exception cref="PantryException">The server refused, is another one, or did not answer in time.</exception>
    public async Task HandshakeAsync(Func<byte[][], Task<SendOutcome>> send, CancellationToken cancellation)
    {
        using var attempt = new Attempt(
            new CurveClientHandshake(credentials.Own, credentials.Server, SessionTerms.OfPeer(credentials.Role, credentials.Network)), send);
        lock (_lock)
            (_attempt, _asked) = (_disposed ? throw Lost() : attempt, true);
        try
        {
            if (await send([attempt.Handshake.Hello()]).ConfigureAwait(false) != SendOutcome.Sent)
                throw Lost();
            await attempt.Done.Task.WaitAsync(options.HandshakeTimeout, time, cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (attempt.Done.Task is { IsFaulted: true, Exception.InnerException: { } said })
        {
            // A server that refuses cuts the link right behind its word; that is no reason to lose the word.
            throw said;
        }
        catch (TimeoutException)
        {
            lock (_lock)
                (_late, _asked) = (_late + 1, false);
            throw new PantryException(PantryErrorCode.TimedOut,
                $"The server {server} did not complete the handshake within {options.HandshakeTimeout.TotalSeconds:0.#} s.");
        }
        finally
        {
            lock (_lock)
                _attempt = null;
        }
    }

    /// <summary>Takes what belongs to the handshake. On the reading task: what comes later is opened with what this has brought.</summary>
    /// <returns>False where it is no command of a handshake.</returns>
    public bool TryTake(byte[][] frames)
    {
        if (frames is not [{ } command] || CurveCommands.IsMessage(command))
            return false;
        lock (_lock)
        {
            if (_attempt is { } attempt)
                Take(attempt, attempt.Handshake.Receive(command));
        }

        return true;
    }

    /// <summary>The link is gone: a handshake under way ends, and the keys are wiped.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _attempt?.Done.TrySetException(Lost());
            _channel?.Dispose();
        }
    }

    private PantryException Lost() => new(PantryErrorCode.ConnectionLost, $"The link to the server {server} was lost; it is being dialled again.");

    private void Take(Attempt attempt, CurveClientStep step)
    {
        if (step.Fault is not (CurveFault.None or CurveFault.RefusedByPeer) && _late > 0 && _forgiven < MostForgiven)
        {
            // A slow server answers what was asked before: that says nothing about its key, and the handshake goes on.
            _late--;
            _forgiven++;
        }
        else if (step.Fault != CurveFault.None)
        {
            attempt.Done.TrySetException(step.Fault == CurveFault.RefusedByPeer
                ? SessionRefusal.Read(step.Reason ?? "", server, credentials.Server.Fingerprint)
                : new PantryException(PantryErrorCode.ServerKeyMismatch,
                    $"What answers at {server} does not have the key {credentials.Server.Fingerprint} ({step.Fault}). Check -ServerPublicKey, or whether the server was set up anew.")
                { Target = server });
        }
        else if (step.Reply is { } initiate)
        {
            _ = attempt.Send([initiate]);
        }
        else if (step.Session is { } session)
        {
            if (SessionTerms.Conflict(step.PeerMetadata!, credentials.Network, $"The server {server}") is { } conflict)
            {
                session.Dispose();
                attempt.Done.TrySetException(conflict);
                return;
            }

            Establish(session);
            Network = step.PeerMetadata!.Text(SessionTerms.Network);
            attempt.Done.TrySetResult();
        }
    }

    private void Establish(CurveSession session)
    {
        if (_disposed)
        {
            session.Dispose();
        }
        else if (_channel is { } channel)
        {
            channel.OpenWith(session);
            channel.SealWith(session);
        }
        else
        {
            Volatile.Write(ref _channel, new MessageChannel(session, options.Wire));
        }

        _since = time.GetTimestamp();
    }

    private sealed class Attempt(CurveClientHandshake handshake, Func<byte[][], Task<SendOutcome>> send) : IDisposable
    {
        public CurveClientHandshake Handshake => handshake;

        public Func<byte[][], Task<SendOutcome>> Send => send;

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Dispose() => handshake.Dispose();
    }
}
