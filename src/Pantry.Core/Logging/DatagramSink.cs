using System.Net.Sockets;

namespace Pantry.Logging;

/// <summary>A daemon of the machine that takes lines as datagrams on a socket of the file system: syslog, or systemd's journal.</summary>
internal sealed class DatagramSink(string path, Func<LogLine, byte[]> encode) : ILogSink
{
    // A daemon that hangs must not hold up the lines for other places.
    private const int SendPatience = 1000;

    private Socket? _socket;

    /// <summary>Tries at once whether somebody listens there.</summary>
    /// <exception cref="PantryException">Nobody does.</exception>
    public static DatagramSink Open(string what, string path, Func<LogLine, byte[]> encode)
    {
        var sink = new DatagramSink(path, encode);
        try
        {
            sink.Connect();
            return sink;
        }
        catch (Exception exception) when (exception is SocketException or IOException or PlatformNotSupportedException)
        {
            throw new PantryException(PantryErrorCode.InvalidConfiguration,
                $"log_to says {what}, and nothing listens at {path} here: {exception.Message}. Start it, or log to a file.", exception)
            { Target = path };
        }
    }

    public void Write(IReadOnlyList<LogLine> lines)
    {
        foreach (LogLine line in lines)
        {
            byte[] datagram = encode(line);
            try
            {
                Connect().Send(datagram);
            }
            catch (SocketException)
            {
                // The daemon was started anew: the next one listens at the same place.
                Dispose();
                Connect().Send(datagram);
            }
        }
    }

    public void Dispose()
    {
        _socket?.Dispose();
        _socket = null;
    }

    private Socket Connect()
    {
        if (_socket is not null)
            return _socket;
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { SendTimeout = SendPatience };
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return _socket = socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
