using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using NetMQ.Sockets;
using Pantry.Transport.Gates;
using static Pantry.Tests.Transport.Gates.ClientGateTests;
using static Pantry.Tests.Transport.Gates.GateRig;

namespace Pantry.Tests.Transport.Gates;

public sealed class ProxyTests
{
    [Theory]
    [InlineData("http", "")]
    [InlineData("http", "user:pass%20word@")]
    [InlineData("socks5", "")]
    [InlineData("socks5", "user:pass%20word@")]
    public async Task A_link_goes_through_a_proxy(string scheme, string credentials)
    {
        using RouterSocket router = Router(out int routerPort);
        await using ServerGate server = OpenGate(routerPort, GateProfile.Receive());
        await using var proxy = new LittleProxy(credentials.Length > 0);
        using DealerSocket dealer = Dealer(out int dealerPort);
        var states = new ConcurrentQueue<GateLinkState>();
        DialOptions options = Options(server.Port()) with { Host = "localhost", Proxy = new Uri($"{scheme}://{credentials}127.0.0.1:{proxy.Port}") };
        await using ClientGate gate = DialWith(options, dealerPort, states);

        await Task.Run(() => AssertRoundTrip(router, dealer, new byte[100_000]));

        Assert.Equal($"localhost:{server.Port()}", Assert.Single(proxy.Targets));
    }

    [Theory]
    [InlineData("http", "407 Proxy Authentication Required")]
    [InlineData("socks5", "it does not take a user and password")]
    public async Task Credentials_that_are_refused_are_named_and_never_shown(string scheme, string says)
    {
        await using var proxy = new LittleProxy(demandsCredentials: true);
        string user = scheme == "http" ? "user:wrong-secret@" : "";
        GateFault fault = await FirstFaultAsync(
            Options(1) with { Proxy = new Uri($"{scheme}://{user}127.0.0.1:{proxy.Port}") }, 1);
        Assert.Equal(GateFaultKind.ProxyFailed, fault.Kind);
        Assert.Contains(scheme == "http" ? says : "it demands credentials", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_password_for_SOCKS5_is_named()
    {
        await using var proxy = new LittleProxy(demandsCredentials: true);
        GateFault fault = await FirstFaultAsync(Options(1) with { Proxy = new Uri($"socks5://user:wrong@127.0.0.1:{proxy.Port}") }, 1);
        Assert.Equal(GateFaultKind.ProxyFailed, fault.Kind);
        Assert.Contains("it refused the user or password", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http", "502")]
    [InlineData("socks5", "connection refused")]
    public async Task A_proxy_that_cannot_reach_the_target_is_named(string scheme, string says)
    {
        await using var proxy = new LittleProxy(demandsCredentials: false);
        GateFault fault = await FirstFaultAsync(Options(FreePort()) with { Proxy = new Uri($"{scheme}://127.0.0.1:{proxy.Port}") }, 1);
        Assert.Equal(GateFaultKind.ProxyFailed, fault.Kind);
        Assert.Contains(says, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_addresses_are_restricted_the_proxy_gets_the_checked_address_and_is_checked_itself()
    {
        await using var proxy = new LittleProxy(demandsCredentials: false);
        DialOptions options = Options(FreePort()) with
        {
            Host = "localhost",
            AllowAddress = IPAddress.IsLoopback,
            Proxy = new Uri($"http://127.0.0.1:{proxy.Port}"),
        };
        GateFault fault = await FirstFaultAsync(options, 1);
        Assert.Equal(GateFaultKind.ProxyFailed, fault.Kind);
        Assert.DoesNotContain(proxy.Targets, target => target.StartsWith("localhost", StringComparison.Ordinal));

        GateFault remote = await FirstFaultAsync(options with { Proxy = new Uri("http://192.0.2.1:3128") }, 1);
        Assert.Equal(GateFaultKind.AddressNotAllowed, remote.Kind);
    }

    /// <summary>A CONNECT and SOCKS5 proxy on one port; user "user", password "pass word".</summary>
    private sealed class LittleProxy : IAsyncDisposable
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
}
