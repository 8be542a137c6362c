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
        if (!more)
        {
            buffer.Release();
            // Such a wait also ends for an event whose bytes were read before; reading then would wait with a buffer.
            do
                await TryReceiveAsync(socket, Memory<byte>.Empty);
            while (!IsReadable(socket));
        }

        return await TryReceiveAsync(socket, buffer.Room(size));
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

    /// <summary>Whether a read would not wait; so it is for a socket that is broken or closed.</summary>
    private static bool IsReadable(Socket socket)
    {
        try
        {
            return socket.Poll(0, SelectMode.SelectRead);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return true;
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
