namespace Pantry.Transport.Gates;

internal sealed partial class GateConnection
{
    private readonly ReadBuffer _buffer = new();

    /// <summary>Peer to endpoint: whole messages, which have been judged, and past it what is to pass it.</summary>
    private async Task PumpInAsync(MessageReader reader)
    {
        await reader.RunAsync();
        // The peer has closed. The endpoint gets all that came before, then the end.
        _deadlines.ExpectClose();
        if (_backend is { } backend)
            QuietSocket.Shutdown(backend);
    }

    private async ValueTask<bool> HandInAsync(InboundBuffer inbound)
    {
        if (context.Bypass?.HeaderBytesOf(inbound.Message) is { } header)
        {
            context.Bypass.Take(inbound.TakeFrame(header));
            return true;
        }

        if (await QuietSocket.TrySendAllAsync(_backend!, inbound.TakeMessage()))
            return true;
        // Our endpoint is gone. What it said before goes out by the other direction; the peer's bytes are
        // taken and thrown away meanwhile, because unread ones would reset the connection under them.
        _deadlines.ExpectClose();
        await QuietSocket.DiscardAsync(foreign, inbound.Room(ZmtpHandshake.BufferBytes));
        return false;
    }
}
