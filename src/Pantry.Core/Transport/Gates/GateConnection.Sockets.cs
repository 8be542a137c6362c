using System.Net.Sockets;

namespace Pantry.Transport.Gates;

/// <summary>Socket operations for which a broken connection is the same as a closed one.</summary>
internal sealed partial class GateConnection
{
    private static async ValueTask<int> TryReceiveAsync(Socket socket, Memory<byte> buffer)
    {
        try
        {
            return await socket.ReceiveAsync(buffer, SocketFlags.None);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return 0;
        }
    }

    /// <summary>Waits with no buffer, unless there is more to read already, then reads into one of the pool.</summary>
    private static async ValueTask<int> TryReceiveAsync(Socket socket, ReadBuffer buffer, int size, bool more)
    {
        if (more)
            return await TryReceiveAsync(socket, buffer.Room(size));
        while (true)
        {
            buffer.Release();
            await TryReceiveAsync(socket, Memory<byte>.Empty);
            // Such a wait also ends for an event whose bytes were read before; an asynchronous read would wait with a buffer then.
            if (TryReceiveAtOnce(socket, buffer.Room(size).Span) is { } count)
                return count;
        }
    }

    /// <summary>What there is, without waiting; null where there is nothing.</summary>
    private static int? TryReceiveAtOnce(Socket socket, Span<byte> buffer)
    {
        try
        {
            if (socket.Blocking)
                socket.Blocking = false;
            int count = socket.Receive(buffer, SocketFlags.None, out SocketError outcome);
            return outcome == SocketError.Success ? count : outcome == SocketError.WouldBlock ? null : 0;
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return 0;
        }
    }

    private static async ValueTask<bool> TrySendAllAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            while (bytes.Length > 0)
                bytes = bytes[await socket.SendAsync(bytes, SocketFlags.None)..];
            return true;
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>Whether a read that filled its buffer left something, so that waiting for more can be skipped.</summary>
    private static bool HasMore(Socket socket, int count, int size)
    {
        if (count < size)
            return false;
        try
        {
            return socket.Available > 0;
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    private static bool HasClosed(Socket socket)
    {
        try
        {
            return socket.Poll(0, SelectMode.SelectRead) && socket.Available == 0;
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return true;
        }
    }

    private static async Task DiscardAsync(Socket socket, Memory<byte> buffer)
    {
        while (await TryReceiveAsync(socket, buffer) > 0)
        {
        }
    }

    private static void Shutdown(Socket socket)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It is closed already.
        }
    }

    private static void Abort(Socket socket)
    {
        try
        {
            socket.Close(0);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It is closed, which is what was wanted.
        }
    }
}
