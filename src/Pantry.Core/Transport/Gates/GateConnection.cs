using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Pantry.Transport.Gates;

/// <summary>
/// A dialling gate's TCP connection to a server and, once that has shown itself to be what it must be, the connection to
/// our own endpoint behind it. It runs until either side closes or <see cref="Cut"/> is called, and never throws.
/// </summary>
/// <remarks>Cutting is closing both sockets, which ends every operation on them. An idle connection holds no buffer.</remarks>
internal sealed partial class GateConnection(Socket foreign, GateContext context) : IDisposable
{
    private readonly CancellationTokenSource _life = new();
    private readonly HandshakeParser _handshake = HandshakeParser.ForPeer(context.Profile.Peer);
    private readonly ConnectionDeadlines _deadlines = new(context.Clock, context.Limits, context.Sweep);
    private Socket? _backend;
    private Task _outbound = Task.CompletedTask;
    private int _cut;

    /// <summary>Called once when both sides are connected.</summary>
    public Action? Linked { get; init; }

    /// <summary>Why it was cut, or <see cref="GateRefusal.None"/>.</summary>
    public GateRefusal Reason => (GateRefusal)Volatile.Read(ref _cut);

    /// <summary>What the peer said of itself.</summary>
    public HandshakeParser Handshake => _handshake;

    /// <summary>First bytes of what is not ZMTP, printable, for the error that names it.</summary>
    public string? SeenInstead { get; private set; }

    /// <summary>Whether our own endpoint was the first to close.</summary>
    public bool BackendClosedFirst { get; private set; }

    /// <summary>Runs the connection to its end.</summary>
    public async Task RunAsync()
    {
        _deadlines.Expect(context.Limits.HandshakeTimeout, GateRefusal.HandshakeTimeout);
        var reader = new MessageReader(foreign, context, _deadlines, HandInAsync, Cut, _life.Token);
        try
        {
            if (await GreetAsync(reader))
            {
                context.Counters.CountAdmitted();
                if (await OpenBackendAsync())
                    await PumpInAsync(reader);
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
            reader.Release();
            _buffer.Release();
            _outBuffer.Release();
            Dispose();
        }
    }

    /// <summary>Closes both sides at once.</summary>
    public void Cut(GateRefusal reason)
    {
        if (Interlocked.CompareExchange(ref _cut, (int)reason, (int)GateRefusal.None) != (int)GateRefusal.None)
            return;
        context.Counters.CountRefused(reason);
        Close();
    }

    /// <summary>Cuts the connection if one of its deadlines has passed. Called by the gate's sweep.</summary>
    public void Check(long now)
    {
        DeadlineVerdict verdict = _deadlines.Check(now, out GateRefusal reason);
        if (verdict == DeadlineVerdict.Cut)
            Cut(reason);
        else if (verdict == DeadlineVerdict.Close)
            Close();
    }

    /// <inheritdoc/>
    /// <remarks>The token source has neither timer nor handle, and a late cut may still cancel it.</remarks>
    public void Dispose()
    {
        foreign.Dispose();
        _backend?.Dispose();
    }

    private void Close()
    {
        _life.Cancel();
        QuietSocket.Abort(foreign);
        if (Volatile.Read(ref _backend) is { } backend)
            QuietSocket.Abort(backend);
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
}
