using System.Net.Sockets;

namespace Pantry.Transport.Gates;

/// <summary>Socket operations for which a broken connection is the same as a closed one.</summary>
internal static class QuietSocket
{
    public static async ValueTask<int> TryReceiveAsync(Socket socket, Memory<byte> buffer)
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
    public static async ValueTask<int> TryReceiveAsync(Socket socket, ReadBuffer buffer, int size, bool more)
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
    public static int? TryReceiveAtOnce(Socket socket, Span<byte> buffer)
    {
        try
        {
            DoNotBlock(socket);
            int count = socket.Receive(buffer, SocketFlags.None, out SocketError outcome);
            return outcome == SocketError.Success ? count : outcome == SocketError.WouldBlock ? null : 0;
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return 0;
        }
    }

    /// <summary>Sends what the kernel takes without waiting; null where the connection is broken.</summary>
    public static int? TrySendAtOnce(Socket socket, ReadOnlySpan<byte> bytes)
    {
        try
        {
            DoNotBlock(socket);
            int count = socket.Send(bytes, SocketFlags.None, out SocketError outcome);
            return outcome == SocketError.Success ? count : outcome == SocketError.WouldBlock ? 0 : null;
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }

    public static async ValueTask<bool> TrySendAllAsync(Socket socket, ReadOnlyMemory<byte> bytes)
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

    /// <summary>Sends several pieces in one go, so far as the kernel takes them.</summary>
    /// <returns>How many bytes it took; 0 where the connection is broken.</returns>
    public static async ValueTask<int> TrySendAsync(Socket socket, IList<ArraySegment<byte>> pieces)
    {
        try
        {
            return await socket.SendAsync(pieces, SocketFlags.None);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return 0;
        }
    }

    /// <summary>Whether a read that filled its buffer left something, so that waiting for more can be skipped.</summary>
    public static bool HasMore(Socket socket, int count, int size)
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

    public static bool HasClosed(Socket socket)
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

    public static async Task DiscardAsync(Socket socket, Memory<byte> buffer)
    {
        while (await TryReceiveAsync(socket, buffer) > 0)
        {
        }
    }

    public static void Shutdown(Socket socket)
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

    /// <summary>Resets the connection, which leaves no TIME_WAIT behind for every hostile one.</summary>
    public static void Abort(Socket socket)
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

    private static void DoNotBlock(Socket socket)
    {
        if (socket.Blocking)
            socket.Blocking = false;
    }
}
