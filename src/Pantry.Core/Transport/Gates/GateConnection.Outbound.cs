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
                int count = await TryReceiveAsync(backend, buffer, size, more);
                bool last = count == 0;
                ReadOnlyMemory<byte> bytes = buffer.Current.AsMemory(0, count);
                if (Volatile.Read(ref _mark) is { } mark)
                    bytes = last ? mark.Held : mark.Before(bytes, out last);
                open = await SendToPeerAsync(bytes);
                if (last)
                {
                    // After a mark it is on us to close; otherwise it has closed and this does nothing.
                    Abort(backend);
                    EndPeer();
                    return;
                }

                more = HasMore(backend, count, size);
                size = more ? context.Limits.BufferBytes : context.Limits.SmallBufferBytes;
            }

            // The peer is gone; the endpoint finds out by the other direction and closes after what it has read.
            BeginClose();
            await DiscardAsync(backend, buffer.Room(HandshakeBufferBytes));
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
    /// Our endpoint closed, or marked the end, after all it had to say. The peer gets the end, and a moment to take it: closing with
    /// unread bytes would reset the connection and throw away what is under way.
    /// </summary>
    private void EndPeer()
    {
        ClearDeadline(ref _drainDeadline);
        BackendClosedFirst |= BeginClose();
        Shutdown(foreign);
    }

    private async ValueTask<bool> SendToPeerAsync(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length == 0)
            return true;
        Volatile.Write(ref _outboundDeadline, context.Clock.In(context.Limits.StallTimeout));
        bool sent = await TrySendAllAsync(foreign, bytes);
        ClearDeadline(ref _outboundDeadline);
        MarkActivity();
        return sent;
    }

    private bool BeginClose() =>
        Interlocked.CompareExchange(ref _closeDeadline, context.Clock.In(context.Limits.CloseTimeout), GateClock.Never)
            == GateClock.Never;
}
