using System.Net.Sockets;

namespace Pantry.Transport.Gates;

internal sealed partial class GateConnection
{
    private readonly ReadBuffer _outBuffer = new();

    /// <summary>Endpoint to peer: our own bytes, copied as they come.</summary>
    private async Task PumpOutAsync(Socket backend, int start, int end)
    {
        ReadBuffer buffer = _outBuffer;
        try
        {
            bool open = await SendToPeerAsync(buffer.Current.AsMemory(start, end - start));
            int size = context.Limits.SmallBufferBytes;
            bool more = false;
            while (open)
            {
                int count = await QuietSocket.TryReceiveAsync(backend, buffer, size, more);
                if (count == 0)
                {
                    EndPeer();
                    return;
                }

                open = await SendToPeerAsync(buffer.Current.AsMemory(0, count));
                more = QuietSocket.HasMore(backend, count, size);
                size = more ? context.Limits.BufferBytes : context.Limits.SmallBufferBytes;
            }

            // The peer is gone; the endpoint finds out by the other direction and closes after what it has read.
            _deadlines.ExpectClose();
            await QuietSocket.DiscardAsync(backend, buffer.Room(ZmtpHandshake.BufferBytes));
        }
        catch (Exception error)
        {
            CutFor(error);
            Close();
        }
        finally
        {
            buffer.Release();
        }
    }

    /// <summary>
    /// Our endpoint closed after all it had to say. The peer gets the end, and a moment to take it: closing with
    /// unread bytes would reset the connection and throw away what is under way.
    /// </summary>
    private void EndPeer()
    {
        BackendClosedFirst |= _deadlines.ExpectClose();
        QuietSocket.Shutdown(foreign);
    }

    private async ValueTask<bool> SendToPeerAsync(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length == 0)
            return true;
        _deadlines.ExpectTaking();
        bool sent = await QuietSocket.TrySendAllAsync(foreign, bytes);
        _deadlines.Taken();
        _deadlines.MarkActivity();
        return sent;
    }
}
