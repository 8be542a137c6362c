using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Pantry.Transport.Gates;

/// <summary>
/// One foreign TCP connection and, once the peer has shown itself to be what it must be, the connection to our own
/// endpoint behind it. It runs until either side closes or <see cref="Cut"/> is called, and never throws.
/// </summary>
/// <remarks>
/// Deadlines are numbers that the gate's sweep looks at, not timers, and cutting is closing both sockets, which ends
/// every operation on them. An idle connection holds no buffer.
/// </remarks>
internal sealed partial class GateConnection(Socket foreign, GateContext context) : IDisposable
{
    private readonly CancellationTokenSource _life = new();
    private readonly HandshakeParser _handshake = HandshakeParser.ForPeer(context.Profile.Peer);
    private readonly FrameParser _frames = new(context.Profile, context.Limits.LargeMessageBytes);
    private Socket? _backend;
    private int _cut;

    /// <summary>The gate's own name for it, from 1; 0 where none is needed.</summary>
    public ulong Number { get; init; }

    /// <summary>Called once when the peer's handshake is done.</summary>
    public Action<GateConnection>? Admitted { get; init; }

    /// <summary>Called once when both sides are connected.</summary>
    public Action? Linked { get; init; }

    /// <summary>Whether both sides are, or were, connected, so that the endpoint may have heard of the peer.</summary>
    public bool IsLinked { get; private set; }

    /// <summary>Bytes held to read into; none while it waits.</summary>
    public int BufferBytes => _buffer.Current.Length + _outBuffer.Current.Length;

    /// <summary>Why it was cut, or <see cref="GateRefusal.None"/>.</summary>
    public GateRefusal Reason => (GateRefusal)Volatile.Read(ref _cut);

    /// <summary>What the peer said of itself.</summary>
    public HandshakeParser Handshake => _handshake;

    /// <summary>Whether our own endpoint was the first to close.</summary>
    public bool BackendClosedFirst { get; private set; }

    /// <summary>Runs the connection to its end.</summary>
    public async Task RunAsync()
    {
        SetDeadline(ref _inboundDeadline, context.Limits.HandshakeTimeout, GateRefusal.HandshakeTimeout);
        try
        {
            if (await GreetAsync())
            {
                context.Counters.CountAdmitted();
                Admitted?.Invoke(this);
                if (context.Profile.PeerSpeaksFirst || await OpenBackendAsync())
                    await PumpInAsync();
            }
        }
        catch (Exception error)
        {
            CutFor(error);
        }
        finally
        {
            // Everything is over when the other direction is: it closes by itself or by its deadline.
            await _outbound;
            End();
        }
    }

    /// <summary>Closes both sides at once.</summary>
    public void Cut(GateRefusal reason)
    {
        if (Interlocked.CompareExchange(ref _cut, (int)reason, (int)GateRefusal.None) != (int)GateRefusal.None)
            return;
        context.Counters.CountRefused(reason);
        _life.Cancel();
        // Resetting leaves no TIME_WAIT behind for every hostile connection.
        Abort(foreign);
        if (Volatile.Read(ref _backend) is { } backend)
            Abort(backend);
    }

    /// <inheritdoc/>
    /// <remarks>The token source has neither timer nor handle, and a late cut may still cancel it.</remarks>
    public void Dispose()
    {
        foreign.Dispose();
        _backend?.Dispose();
    }

    private void CutFor(Exception error)
    {
        switch (error)
        {
            case SocketException or ObjectDisposedException or OperationCanceledException:
                // Connections break; once admitted, that is no refusal.
                if (!_handshake.IsDone)
                    Cut(GateRefusal.ClosedInHandshake);
                break;
            default:
                context.Log.LogError(error, "A connection of the gate failed.");
                Cut(GateRefusal.InternalError);
                break;
        }
    }

    private void End()
    {
        context.Budget.Return(_reserved);
        _reserved = 0;
        _buffer.Release();
        _outBuffer.Release();
        Dispose();
    }
}
