using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server;
using Pantry.Targeting;
using Pantry.Transport;

namespace Pantry.Tests.EndToEnd;

/// <summary>The way in for programs on the server's own machine.</summary>
public sealed class ServerConsoleTests
{
    [Fact]
    public async Task A_program_on_the_servers_machine_is_its_own_operator_while_the_server_runs()
    {
        string root = Path.Combine(TestDirectory.Create(), "server");
        ServerHost server = await StartAsync(root);
        string console = ServerKeys.ConsolePathIn(root);
        OperatorCredentials credentials = OperatorFile.Load(console);
        await using (RemoteFleet fleet = await RemoteFleet.ConnectAsync(credentials))
        {
            Assert.Equal("local", fleet.Operator);
            // An administrator's doing, and an order that is signed with the same key as those of the server's own console.
            await fleet.EnrolAsync(new Enrol("web01", "shop", null, [], 0), default);
            PantryException nobody = await Assert.ThrowsAsync<PantryException>(() => fleet.StartJobAsync(new JobRequest { Target = Target.All, Command = "Ping" }, default));
            Assert.Equal(PantryErrorCode.NoMatchingClient, nobody.Code);
        }

        await server.DisposeAsync();
        Assert.False(File.Exists(console));

        // The next run has another key, and a copy of the old one is nobody's.
        await using ServerHost again = await StartAsync(root);
        OperatorCredentials old = credentials with { ReceivePort = again.ReceivePort };
        PantryException stale = await Assert.ThrowsAsync<PantryException>(() => RemoteFleet.ConnectAsync(old));
        Assert.Equal(PantryErrorCode.KeyUnknown, stale.Code);
        Assert.Contains("the server was started again", stale.Message, StringComparison.Ordinal);
        await using RemoteFleet renewed = await RemoteFleet.ConnectAsync(OperatorFile.Load(console));
        Assert.Equal("local", renewed.Operator);
    }

    [Fact]
    public async Task A_console_that_outlives_its_server_is_told_to_connect_again_with_the_file()
    {
        string root = Path.Combine(TestDirectory.Create(), "server");
        int[] ports = FixedPorts.Take(2);
        ServerHost server = await StartAsync(root, ports);
        await using RemoteFleet fleet = await RemoteFleet.ConnectAsync(OperatorFile.Load(ServerKeys.ConsolePathIn(root)));
        await server.DisposeAsync();
        await using ServerHost again = await StartAsync(root, ports);

        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        PantryException stale;
        while ((stale = await Assert.ThrowsAsync<PantryException>(() => fleet.ListOperatorsAsync(default))).Code != PantryErrorCode.KeyUnknown)
            await tick.WaitForNextTickAsync(deadline.Token);

        Assert.Contains("the server was started again", stale.Message, StringComparison.Ordinal);
        Assert.Contains("Connect again with that file", stale.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_was_not_asked_to_has_no_such_way_in()
    {
        string root = Path.Combine(TestDirectory.Create(), "server");
        await using ServerHost server = await ServerHost.StartAsync(new ServerConfiguration { PublishPort = 0, ReceivePort = 0, FilePort = 0, Path = root });
        Assert.False(File.Exists(ServerKeys.ConsolePathIn(root)));
    }

    [Fact]
    public async Task The_way_in_goes_with_the_root_key_when_that_is_taken_offline()
    {
        string root = Path.Combine(TestDirectory.Create(), "server");
        await using ServerHost server = await StartAsync(root);
        string console = ServerKeys.ConsolePathIn(root);
        OperatorCredentials credentials = OperatorFile.Load(console);
        await using RemoteFleet fleet = await RemoteFleet.ConnectAsync(credentials);
        await server.Fleet.AddOperatorAsync(NewOperator(), default);
        var desk = new RootKeyDesk(server.Authority, server.Enrollments, server.Audit);
        await desk.ExportAsync(Path.Combine(root, "exported.key"), "password", takeAway: true);

        Assert.False(File.Exists(console));
        await Assert.ThrowsAsync<PantryException>(() => fleet.ListOperatorsAsync(default));
        Assert.Equal(PantryErrorCode.KeyUnknown, (await Assert.ThrowsAsync<PantryException>(() => RemoteFleet.ConnectAsync(credentials))).Code);

        // With the root key the server's own operator comes back, and so does its way in.
        await desk.ImportAsync(Path.Combine(root, "exported.key"), "password");
        await using RemoteFleet renewed = await RemoteFleet.ConnectAsync(OperatorFile.Load(console));
        Assert.Equal(2, (await renewed.ListOperatorsAsync(default)).List.Operators.Count);
    }

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("::1", true)]
    [InlineData("::ffff:127.0.0.1", true)]
    [InlineData("192.0.2.77", false)]
    [InlineData("2001:db8::77", false)]
    [InlineData("", false)]
    public void Only_the_machines_own_addresses_are_taken_for_its_own(string address, bool isOwn) => Assert.Equal(isOwn, Addresses.IsOfThisMachine(address));

    private static Task<ServerHost> StartAsync(string root, int[]? ports = null) => ServerHost.StartAsync(
        new ServerConfiguration { PublishPort = ports?[0] ?? 0, ReceivePort = ports?[1] ?? 0, FilePort = 0, Path = root, HasConsole = true });

    private static AddOperator NewOperator()
    {
        using CurveKeyPair session = CurveKeyPair.Generate();
        using SigningKey signing = SigningKey.Generate();
        return new AddOperator("mary", session.PublicKey.ToString(), signing.PublicKey.Bytes.ToArray(), ["*:*"], Administrator: true, null);
    }
}
