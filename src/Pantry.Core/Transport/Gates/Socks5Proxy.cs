using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Pantry.Transport.Gates;

/// <summary>A tunnel through a SOCKS5 proxy (RFC 1928), with user and password (RFC 1929) if the address has them.</summary>
internal static class Socks5Proxy
{
    private const byte Version = 5;
    private const byte NoAuthentication = 0;
    private const byte UserAndPassword = 2;
    private const int MostNameBytes = 255;

    /// <summary>Opens the tunnel.</summary>
    /// <returns>What the proxy said, if it was not yes.</returns>
    public static async Task<string?> OpenAsync(Socket proxy, string host, int port, Uri address, CancellationToken cancel)
    {
        ProxyCredentials? credentials = ProxyCredentials.From(address);
        byte method = credentials is null ? NoAuthentication : UserAndPassword;
        await proxy.SendAsync(new byte[] { Version, 1, method }, SocketFlags.None, cancel);
        if (await ReadAsync(proxy, 2, cancel) is not { } chosen)
            return "it closed the connection";
        if (chosen[0] != Version)
            return $"it is no SOCKS5 proxy, it answered \"{PrintableBytes.Show(chosen)}\"";
        if (chosen[1] != method)
            return credentials is null ? "it demands credentials" : "it does not take a user and password";
        if (credentials is not null && await LogInAsync(proxy, credentials, cancel) is { } refused)
            return refused;

        if (Request(host, port) is not { } request)
            return $"the name has more than {MostNameBytes} bytes";
        await proxy.SendAsync(request, SocketFlags.None, cancel);
        return await AnswerAsync(proxy, cancel);
    }

    private static async Task<string?> LogInAsync(Socket proxy, ProxyCredentials credentials, CancellationToken cancel)
    {
        if (credentials.User.Length is 0 or > MostNameBytes || credentials.Password.Length is 0 or > MostNameBytes)
            return $"SOCKS5 takes a user and a password of 1 to {MostNameBytes} bytes each";
        byte[] login =
            [1, (byte)credentials.User.Length, .. credentials.User, (byte)credentials.Password.Length, .. credentials.Password];
        await proxy.SendAsync(login, SocketFlags.None, cancel);
        return await ReadAsync(proxy, 2, cancel) is [_, 0] ? null : "it refused the user or password";
    }

    private static byte[]? Request(string host, int port)
    {
        byte[] target;
        if (IPAddress.TryParse(host, out IPAddress? literal))
        {
            byte type = literal.AddressFamily == AddressFamily.InterNetwork ? (byte)1 : (byte)4;
            target = [type, .. literal.GetAddressBytes()];
        }
        else
        {
            byte[] name = Encoding.ASCII.GetBytes(host);
            if (name.Length > MostNameBytes)
                return null;
            target = [3, (byte)name.Length, .. name];
        }

        byte[] request = [Version, 1, 0, .. target, 0, 0];
        BinaryPrimitives.WriteUInt16BigEndian(request.AsSpan(request.Length - 2), (ushort)port);
        return request;
    }

    private static async Task<string?> AnswerAsync(Socket proxy, CancellationToken cancel)
    {
        // Version, reply, reserved, type of address, and the first byte of the address, which may be a length.
        if (await ReadAsync(proxy, 5, cancel) is not { } head)
            return "it closed the connection";
        if (head[1] != 0)
            return $"it answered {Reply(head[1])}";
        int rest = head[3] switch { 1 => 3, 4 => 15, 3 => head[4], _ => -1 };
        if (rest < 0 || await ReadAsync(proxy, rest + 2, cancel) is null)
            return "its answer is malformed";
        return null;
    }

    private static string Reply(byte code) => code switch
    {
        1 => "\"general failure\"",
        2 => "\"not allowed by its rules\"",
        3 => "\"network unreachable\"",
        4 => "\"host unreachable\"",
        5 => "\"connection refused\"",
        6 => "\"timed out\"",
        7 => "\"command not supported\"",
        8 => "\"type of address not supported\"",
        _ => $"with code {code}",
    };

    private static async Task<byte[]?> ReadAsync(Socket socket, int count, CancellationToken cancel)
    {
        byte[] bytes = new byte[count];
        for (int read = 0; read < count;)
        {
            int got = await socket.ReceiveAsync(bytes.AsMemory(read), SocketFlags.None, cancel);
            if (got == 0)
                return null;
            read += got;
        }

        return bytes;
    }
}
