using System.Net.Sockets;
using System.Text;

namespace Pantry.Transport.Gates;

/// <summary>A tunnel through an HTTP proxy, by CONNECT.</summary>
internal static class HttpProxy
{
    private const int MaxAnswerBytes = 8 * 1024;

    /// <summary>Opens the tunnel.</summary>
    /// <returns>What the proxy said, if it was not yes.</returns>
    public static async Task<string?> OpenAsync(Socket proxy, string host, int port, Uri address, CancellationToken cancel)
    {
        string target = host.Contains(':', StringComparison.Ordinal) ? $"[{host}]:{port}" : $"{host}:{port}";
        var request = new StringBuilder($"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
        if (ProxyCredentials.From(address) is { } credentials)
            request.Append("Proxy-Authorization: Basic ").Append(credentials.Basic()).Append("\r\n");
        await proxy.SendAsync(Encoding.ASCII.GetBytes(request.Append("\r\n").ToString()), SocketFlags.None, cancel);

        byte[] answer = new byte[MaxAnswerBytes];
        int length = 0;
        // One byte at a time: what follows the empty line is the server's and must stay in the socket.
        while (!answer.AsSpan(0, length).EndsWith("\r\n\r\n"u8))
        {
            if (length == answer.Length)
                return $"its answer has more than {MaxAnswerBytes} bytes";
            if (await proxy.ReceiveAsync(answer.AsMemory(length, 1), SocketFlags.None, cancel) == 0)
                return length == 0 ? "it closed the connection" : $"it answered \"{Show(answer, length)}\"";
            length++;
        }

        return IsSuccess(answer.AsSpan(0, length)) ? null : $"it answered \"{Show(answer, length)}\"";
    }

    private static bool IsSuccess(ReadOnlySpan<byte> answer) =>
        (answer.StartsWith("HTTP/1.1 2"u8) || answer.StartsWith("HTTP/1.0 2"u8)) && answer.Length > 12 && answer[12] is (byte)' ' or (byte)'\r';

    private static string Show(byte[] answer, int length) => PrintableBytes.Show(answer.AsSpan(0, length));
}
