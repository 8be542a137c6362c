using System.Collections.Concurrent;
using System.Net;
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
}
