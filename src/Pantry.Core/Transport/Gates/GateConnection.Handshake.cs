using System.Net.Sockets;

namespace Pantry.Transport.Gates;

internal sealed partial class GateConnection
{
    /// <summary>Both greetings and READYs with the server; what came after them is for the reader.</summary>
    private async Task<bool> GreetAsync(MessageReader reader)
    {
        (bool stands, Range rest) = await ZmtpHandshake.RunAsync(foreign, context.Hello, _handshake, _buffer);
        if (!stands)
        {
            // What came in pieces is not in the buffer any more.
            if (_handshake.Refusal == GateRefusal.NotZmtp && _handshake.Greeting.Length <= rest.End.Value)
                SeenInstead = PrintableBytes.Show(_buffer.Current.AsSpan(rest));
            Cut(_handshake.Refusal == GateRefusal.None ? GateRefusal.ClosedInHandshake : _handshake.Refusal);
            return false;
        }

        reader.Add(_buffer.Current.AsSpan(rest));
        _buffer.Release();
        _deadlines.Met();
        return true;
    }

    /// <summary>Connects to our own endpoint, introduces itself there as the peer, and starts the way back.</summary>
    private async Task<bool> OpenBackendAsync()
    {
        var backend = new Socket(context.Backend.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Volatile.Write(ref _backend, backend);
        try
        {
            _deadlines.Expect(context.Limits.BackendTimeout, GateRefusal.BackendUnavailable);
            await backend.ConnectAsync(context.Backend, _life.Token);
            HandshakeParser parser = HandshakeParser.ForBackend(context.Profile.Local);
            (bool stands, Range rest) = await ZmtpHandshake.RunAsync(backend, ZmtpReady.Hello(context.Profile.Peer), parser, _outBuffer);
            if (!stands)
            {
                Cut(GateRefusal.BackendUnavailable);
                return false;
            }

            _deadlines.Met();
            Linked?.Invoke();
            _outbound = PumpOutAsync(backend, rest.Start.Value, rest.End.Value);
            return true;
        }
        catch (SocketException) when (Reason == GateRefusal.None)
        {
            Cut(GateRefusal.BackendUnavailable);
            return false;
        }
    }
}
