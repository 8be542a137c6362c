using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Pantry.Tests.Transport.Gates;

/// <summary>A CONNECT and SOCKS5 proxy on one port; user "user", password "pass word".</summary>
internal sealed class LittleProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _over = new();
    private readonly bool _demandsCredentials;
    private readonly Task _serving;

    public LittleProxy(bool demandsCredentials)
    {
        _demandsCredentials = demandsCredentials;
        _listener.Start();
        _serving = ServeAsync();
    }

    public int Port => ClientGateTests.Port(_listener);

    public ConcurrentQueue<string> Targets { get; } = new();

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _serving;
        _listener.Dispose();
        _over.Dispose();
    }

    private async Task ServeAsync()
    {
        var tunnels = new List<Task>();
        try
        {
            while (true)
                tunnels.Add(TunnelAsync(await _listener.AcceptTcpClientAsync(_over.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(tunnels);
        }
    }

    private async Task TunnelAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                NetworkStream stream = client.GetStream();
                byte[] first = new byte[1];
                await stream.ReadExactlyAsync(first, _over.Token);
                using TcpClient? target = first[0] == 5 ? await SocksAsync(stream) : await HttpAsync(stream);
                if (target is null)
                    return;
                NetworkStream far = target.GetStream();
                await Task.WhenAny(stream.CopyToAsync(far, _over.Token), far.CopyToAsync(stream, _over.Token));
            }
            catch (Exception error) when (error is IOException or OperationCanceledException)
            {
                // The client went, or the test is over.
            }
        }
    }

    private async Task<TcpClient?> HttpAsync(NetworkStream stream)
    {
        var head = new StringBuilder("C");
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await stream.ReadExactlyAsync(one, _over.Token);
            head.Append((char)one[0]);
        }

        string[] lines = head.ToString().Split("\r\n");
        string expected = "Proxy-Authorization: Basic " + Convert.ToBase64String("user:pass word"u8);
        if (_demandsCredentials && !lines.Contains(expected))
        {
            await stream.WriteAsync("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"u8.ToArray());
            return null;
        }

        string target = lines[0].Split(' ')[1];
        Targets.Enqueue(target);
        int colon = target.LastIndexOf(':');
        TcpClient? far = await ConnectAsync(target[..colon], int.Parse(target[(colon + 1)..], System.Globalization.CultureInfo.InvariantCulture));
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {(far is null ? "502 Bad Gateway" : "200 OK")}\r\nVia: little\r\n\r\n"));
        return far;
    }

    private async Task<TcpClient?> SocksAsync(NetworkStream stream)
    {
        byte[] methods = new byte[(await ReadAsync(stream, 1))[0]];
        await stream.ReadExactlyAsync(methods, _over.Token);
        byte method = _demandsCredentials ? (byte)2 : (byte)0;
        bool taken = methods.Contains(method);
        await stream.WriteAsync((byte[])[5, taken ? method : (byte)0xff]);
        if (!taken)
            return null;
        if (_demandsCredentials)
        {
            byte[] user = await ReadAsync(stream, (await ReadAsync(stream, 2))[1]);
            byte[] password = await ReadAsync(stream, (await ReadAsync(stream, 1))[0]);
            bool right = user.AsSpan().SequenceEqual("user"u8) && password.AsSpan().SequenceEqual("pass word"u8);
            await stream.WriteAsync((byte[])[1, right ? (byte)0 : (byte)1]);
            if (!right)
                return null;
        }

        byte[] request = await ReadAsync(stream, 4);
        string host = request[3] switch
        {
            3 => Encoding.ASCII.GetString(await ReadAsync(stream, (await ReadAsync(stream, 1))[0])),
            1 => new IPAddress(await ReadAsync(stream, 4)).ToString(),
            _ => new IPAddress(await ReadAsync(stream, 16)).ToString(),
        };
        byte[] port = await ReadAsync(stream, 2);
        int number = (port[0] << 8) | port[1];
        Targets.Enqueue($"{host}:{number}");
        TcpClient? far = await ConnectAsync(host, number);
        await stream.WriteAsync((byte[])[5, far is null ? (byte)5 : (byte)0, 0, 1, 0, 0, 0, 0, 0, 0]);
        return far;
    }

    private async Task<byte[]> ReadAsync(NetworkStream stream, int count)
    {
        byte[] bytes = new byte[count];
        await stream.ReadExactlyAsync(bytes, _over.Token);
        return bytes;
    }

    private async Task<TcpClient?> ConnectAsync(string host, int port)
    {
        var far = new TcpClient { NoDelay = true };
        try
        {
            await far.ConnectAsync(host.Trim('[', ']'), port, _over.Token);
            return far;
        }
        catch (SocketException)
        {
            far.Dispose();
            return null;
        }
    }
}
