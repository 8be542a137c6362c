using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Pantry.Transport.Gates;

/// <summary>
/// One foreign connection of a server's gate: what its peer says is judged, and goes to our endpoint message by message.
/// It runs until the peer closes, it is dismissed, or <see cref="Cut"/> is called, and never throws.
/// </summary>
/// <remarks>Cutting is closing the socket, which ends every operation on it. An idle connection holds no buffer.</remarks>
internal sealed partial class PeerConnection : IDisposable
{
    private readonly Socket _socket;
    private readonly GateContext _context;
    private readonly IGateTraffic _traffic;
    private readonly CancellationTokenSource _life = new();
    private readonly ConnectionDeadlines _deadlines;
    private readonly MessageReader _reader;
    private readonly OutboundQueue _outbound;
    private int _cut;
    private int _dismissed;
    private volatile bool _isGone;

    public PeerConnection(Socket socket, IPEndPoint from, ulong number, GateContext context, IGateTraffic traffic)
    {
        _socket = socket;
        _context = context;
        _traffic = traffic;
        From = from;
        Number = number;
        _deadlines = new ConnectionDeadlines(context.Clock, context.Limits, context.Sweep);
        _reader = new MessageReader(socket, context, _deadlines, HandInAsync, Cut, _life.Token) { ExpectsFirstMessage = true };
        Room = new OutboundRoom(context.Limits, context.Outbound);
        _outbound = new OutboundQueue(socket, Room, _deadlines, context.Limits.BufferBytes, EndPeer);
    }

    public IPEndPoint From { get; }

    /// <summary>The gate's own name for it, from 1, and never used again.</summary>
    public ulong Number { get; }

    /// <summary>Its run, from the moment that the gate has it in its list.</summary>
    public Task Run { get; set; } = Task.CompletedTask;

    /// <summary>How much may wait for the peer.</summary>
    public OutboundRoom Room { get; }

    /// <summary>Whether our endpoint has heard of it.</summary>
    public bool HasSpoken { get; set; }

    /// <summary>Whether our side wants nothing more of the peer.</summary>
    public bool IsDismissed => Volatile.Read(ref _dismissed) != 0;

    /// <summary>Whether it has ended, and our endpoint is told so or will be.</summary>
    public bool IsGone => _isGone;

    /// <summary>Why it was cut, or <see cref="GateRefusal.None"/>.</summary>
    public GateRefusal Reason => (GateRefusal)Volatile.Read(ref _cut);

    /// <summary>Runs the connection to its end.</summary>
    /// <param name="admitted">Called once when the peer's handshake is done.</param>
    public async Task RunAsync(Action<PeerConnection> admitted)
    {
        _deadlines.Expect(_context.Limits.HandshakeTimeout, GateRefusal.HandshakeTimeout);
        bool isAdmitted = false;
        try
        {
            isAdmitted = await GreetAsync();
            if (isAdmitted)
            {
                _context.Counters.CountAdmitted();
                admitted(this);
                await ReadAllAsync();
            }
        }
        catch (Exception error)
        {
            CutFor(error, isAdmitted);
        }
        finally
        {
            await EndAsync();
        }
    }

    /// <summary>Closes it at once.</summary>
    public void Cut(GateRefusal reason)
    {
        if (Interlocked.CompareExchange(ref _cut, (int)reason, (int)GateRefusal.None) != (int)GateRefusal.None)
            return;
        _context.Counters.CountRefused(reason);
        Close();
    }

    /// <summary>
    /// Hears the peer no more, and ends the connection when our endpoint says so behind its last message; at the drain's
    /// deadline without that. Either way the peer gets what waits for it and the end, and is closed when it does not take
    /// them in time.
    /// </summary>
    /// <returns>False if that is under way already.</returns>
    public bool Dismiss()
    {
        if (Interlocked.Exchange(ref _dismissed, 1) != 0)
            return false;
        _context.Counters.CountRefused(GateRefusal.Dismissed);
        _deadlines.ExpectDrain();
        return true;
    }

    /// <summary>Cuts the connection if one of its deadlines has passed. Called by the gate's sweep.</summary>
    public void Check(long now)
    {
        switch (_deadlines.Check(now, out GateRefusal reason))
        {
            case DeadlineVerdict.Cut:
                Cut(reason);
                break;
            case DeadlineVerdict.BeginClose:
                // For what waits, too: the peer may not be reading.
                _deadlines.ExpectClose();
                _outbound.End();
                break;
            case DeadlineVerdict.Close:
                Close();
                break;
        }
    }

    /// <inheritdoc/>
    /// <remarks>The token source has neither timer nor handle, and a late cut may still cancel it.</remarks>
    public void Dispose() => _socket.Dispose();

    private async Task<bool> GreetAsync()
    {
        HandshakeParser parser = HandshakeParser.ForPeer(_context.Profile.Peer);
        var greeting = new ReadBuffer();
        try
        {
            (bool stands, Range rest) = await ZmtpHandshake.RunAsync(_socket, _context.Hello, parser, greeting);
            if (stands)
                _reader.Add(greeting.Current.AsSpan(rest));
            else
                Cut(parser.Refusal == GateRefusal.None ? GateRefusal.ClosedInHandshake : parser.Refusal);
            _deadlines.Met();
            return stands;
        }
        finally
        {
            greeting.Release();
        }
    }

    private void Close()
    {
        _life.Cancel();
        QuietSocket.Abort(_socket);
    }

    private void CutFor(Exception error, bool isAdmitted)
    {
        switch (error)
        {
            case SocketException or ObjectDisposedException or OperationCanceledException:
                // Connections break; once admitted, that is no refusal.
                if (!isAdmitted)
                    Cut(GateRefusal.ClosedInHandshake);
                break;
            default:
                _context.Log.LogError(error, "A connection of the gate failed.");
                Cut(GateRefusal.InternalError);
                break;
        }
    }

    private async Task EndAsync()
    {
        // Nothing is sent to it from here on, so that whoever is told of its end finds it gone.
        _isGone = true;
        _reader.Release();
        Dispose();
        await _outbound.Draining;
        Room.End();
        try
        {
            await _traffic.EndAsync(this);
        }
        catch (Exception error)
        {
            _context.Log.LogError(error, "The end of a connection could not be told.");
        }
    }
}
