using System.Diagnostics;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server;
using static Pantry.Tests.EndToEnd.EnrollmentTests;

namespace Pantry.Tests.EndToEnd;

/// <summary>A server that knows as many clients as it may takes no more, and goes on with those it has.</summary>
public sealed class LimitedRoomTests
{
    [Fact]
    public async Task A_server_without_room_refuses_one_more_before_anything_is_stored_and_starts_again()
    {
        await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { MaxClients = 2 });
        IFleet here = fleet.Server.Fleet;
        using CurveKeyPair a = await fleet.EnrolKeyAsync("a", "shop"), b = await fleet.EnrolKeyAsync("b", "shop"), c = CurveKeyPair.Generate(), d = CurveKeyPair.Generate();
        Enrollment enrollment = await here.EnrolAsync(new Enrol("c", "shop", null, [], 0), default);
        EnrollmentToken token = await here.CreateTokenAsync(new CreateToken("c*", "shop", null, [], 0), default);
        Assert.Null(Register(fleet, null, d, "d"));

        Assert.Equal(nameof(PantryErrorCode.LimitReached), Redeem(fleet, enrollment, c, "c")!.Code);
        Assert.Equal(nameof(PantryErrorCode.LimitReached), Register(fleet, token.Token, c, "c")!.Code);
        var error = await Assert.ThrowsAsync<PantryException>(() => here.DecideAsync(new DecideClient(ClientDecision.Approve, "d", null), default));

        Assert.Equal(PantryErrorCode.LimitReached, error.Code);
        Assert.Equal([EnrollmentStatus.Open, EnrollmentStatus.Open], (await ListAsync(here)).Select(info => info.Status));
        Assert.Equal(ClientStatus.Pending, (await here.FindClientsAsync(new ClientFilter { Identities = ["d"] }, default).SingleAsync()).Status);
        await fleet.RestartServerAsync();
        Assert.Equal(2, fleet.Server.Registry.List(new ClientFilter()).Count);
        await fleet.Server.Fleet.DecideAsync(new DecideClient(ClientDecision.Remove, "a", null), default);
        Assert.Null(Redeem(fleet, enrollment, c, "c"));
    }

    [Fact]
    public async Task A_server_whose_limit_was_lowered_keeps_the_clients_it_has()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using CurveKeyPair a = await fleet.EnrolKeyAsync("a", "shop"), b = await fleet.EnrolKeyAsync("b", "shop");
        await fleet.Server.DisposeAsync();

        await using ServerHost fewer = await ServerHost.StartAsync(
            new ServerConfiguration { PublishPort = 0, ReceivePort = 0, FilePort = 0, Path = Path.Combine(fleet.Root, "server") }, options: new PantryOptions { MaxClients = 1 });

        Assert.Equal(["a", "b"], fewer.Registry.List(new ClientFilter()).Select(client => client.Identity));
    }

    [Fact]
    public async Task A_start_that_fails_late_gives_the_ports_and_the_directory_back()
    {
        string root = TestDirectory.Create();
        int[] ports = FixedPorts.Take(3);
        var configuration = new ServerConfiguration { PublishPort = ports[0], ReceivePort = ports[1], FilePort = ports[2], Path = Path.Combine(root, "server") };

        await Assert.ThrowsAsync<TimeoutException>(() => ServerHost.StartAsync(configuration, time: new LateFault()));

        await (await ServerHost.StartAsync(configuration)).DisposeAsync();
        Directory.Delete(root, recursive: true);
    }

    /// <summary>Fails whoever asks for the time while a server is put together, when its ports are open already.</summary>
    private sealed class LateFault : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() =>
            new StackTrace().GetFrames().Any(frame => frame.GetMethod() is { IsConstructor: true } method && method.DeclaringType == typeof(ServerHost))
                ? throw new TimeoutException("no time")
                : base.GetUtcNow();
    }
}
