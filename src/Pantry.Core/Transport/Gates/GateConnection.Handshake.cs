using System.Net.Sockets;

namespace Pantry.Transport.Gates;

internal sealed partial class GateConnection
{
    private const int HandshakeBufferBytes = 512;

    private Task _outbound = Task.CompletedTask;

    /// <summary>First bytes of what is not ZMTP, printable, for the error that names it.</summary>
    public string? SeenInstead { get; private set; }

    /// <summary>Both greetings and READYs with the foreign peer; leaves what came after them in the buffer.</summary>
    private async Task<bool> GreetAsync()
    {
        await TrySendAllAsync(foreign, context.Hello);
        while (!_handshake.IsDone)
        {
            int count = await TryReceiveAsync(foreign, _buffer, HandshakeBufferBytes, more: false);
            if (count == 0)
            {
                Cut(GateRefusal.ClosedInHandshake);
                return false;
            }

            int used = _handshake.Feed(_buffer.Current.AsSpan(0, count));
            if (_handshake.Refusal != GateRefusal.None)
            {
                NoteFirstBytes(_buffer.Current.AsSpan(0, count));
                Cut(_handshake.Refusal);
                return false;
            }

            _start = used;
            _end = count;
        }

        ClearDeadline(ref _inboundDeadline);
        return true;
    }

    private void NoteFirstBytes(ReadOnlySpan<byte> bytes)
    {
        if (_handshake.Refusal == GateRefusal.NotZmtp && _handshake.Greeting.Length <= bytes.Length)
            SeenInstead = PrintableBytes.Show(bytes);
    }

    /// <summary>Connects to our own endpoint, introduces itself there as the peer, and starts the way back.</summary>
    private async Task<bool> OpenBackendAsync()
    {
        var backend = new Socket(context.Backend.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Volatile.Write(ref _backend, backend);
        bool placed = false;
        try
        {
            await context.BackendPlaces.WaitAsync(_life.Token);
            placed = true;
            // The wait for a place is not the endpoint's fault; the deadline begins after it.
            SetDeadline(ref _inboundDeadline, context.Limits.BackendTimeout, GateRefusal.BackendUnavailable);
            await backend.ConnectAsync(context.Backend, _life.Token);
            await TrySendAllAsync(backend, context.BackendHello(Number));
            HandshakeParser parser = HandshakeParser.ForBackend(context.Profile.Local);
            int used = 0;
            int count = 0;
            while (!parser.IsDone)
            {
                count = await TryReceiveAsync(backend, _outBuffer, HandshakeBufferBytes, more: false);
                used = parser.Feed(_outBuffer.Current.AsSpan(0, count));
                if (count == 0 || parser.Refusal != GateRefusal.None)
                {
                    Cut(GateRefusal.BackendUnavailable);
                    return false;
                }
            }

            ClearDeadline(ref _inboundDeadline);
            IsLinked = true;
            Linked?.Invoke();
            _outbound = PumpOutAsync(backend, used, count);
            return true;
        }
        catch (SocketException) when (Reason == GateRefusal.None)
        {
            Cut(GateRefusal.BackendUnavailable);
            return false;
        }
        finally
        {
            if (placed)
                context.BackendPlaces.Release();
        }
    }
}
