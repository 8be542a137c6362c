using System.Diagnostics;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server;
using Pantry.Sessions.Curve;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Attacks;

/// <summary>Keys of sessions are replaced while they are used, and open nothing afterwards.</summary>
public sealed class SessionRenewalTests
{
    [Fact]
    public async Task Sessions_renew_their_keys_under_load_without_losing_an_order_a_result_or_a_row()
    {
        var options = new PantryOptions { SessionMessages = 40, HeartbeatInterval = TimeSpan.FromMilliseconds(100) };
        await using Fleet fleet = await Fleet.StartAsync(options);
        Tally[] tallies = [.. Enumerable.Range(0, 6).Select(_ => new Tally())];
        foreach ((int i, Tally tally) in tallies.Index())
            await fleet.AddAsync($"c{i}", "shop", commands: tally.Commands);
        await using RemoteFleet remote = await fleet.ConnectAsync();
        ServerSession[] sessions = [.. fleet.Server.Sessions];
        var renewals = new Dictionary<ServerSession, HashSet<long>>();
        byte[] large = new byte[300_000];
        int orders = 0;
        long begun = Stopwatch.GetTimestamp();

        while (Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(6))
        {
            List<ResultRow> rows = await fleet.RunAsync(new JobRequest { Target = Target.OfStreams("shop"), Command = "Count", Arguments = orders % 5 == 0 ? large : [] }, remote);
            Assert.All(rows, row => Assert.Equal(CommandStatus.Succeeded, row.Result.Status));
            Assert.Equal(tallies.Length, rows.Count);
            orders++;
            foreach (ServerSession session in sessions)
            {
                if (!renewals.TryGetValue(session, out HashSet<long>? times))
                    renewals[session] = times = [];
                times.Add(session.BegunAt);
            }
        }

        TestContext.Current.TestOutputHelper!.WriteLine($"{orders} orders; renewals: {string.Join(", ", renewals.Values.Select(times => times.Count - 1))}");
        Assert.All(tallies, tally => Assert.Equal(orders, tally.Times));
        Assert.All(sessions, session => Assert.False(session.Closed));
        Assert.All(renewals.Values, times => Assert.InRange(times.Count, 3, int.MaxValue));
    }

    [Fact]
    public async Task What_was_sealed_with_the_keys_from_before_is_not_taken_after_a_renewal()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using CurveKeyPair key = await fleet.EnrolKeyAsync("a");
        using RawPeer peer = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey);
        peer.Send(new Message(MessageKind.Register, Fleet.NewRegister("a"), 1));
        peer.Receive(MessageKind.Registered);
        ServerSession session = fleet.Server.Registry.Find("a")!.Session!;
        byte[][] old = peer.Seal(MessageCodec.Encode(new Message(MessageKind.Heartbeat, new Heartbeat(0))));

        Assert.Equal(CurveFault.None, peer.Handshake(key, fleet.Server.PublicKey).Fault);
        peer.Send(new Message(MessageKind.Heartbeat, new Heartbeat(0)));
        Assert.Equal(MessageKind.HeartbeatReply, peer.Receive().Kind);
        Assert.Same(session, fleet.Server.Registry.Find("a")!.Session);
        peer.SendRaw(old);

        await Fleet.EventuallyAsync(() => session.Closed, "the session to be cut");
        Assert.Equal(1, fleet.Server.Statistics().MessagesDropped["NotSealed"]);
    }

    [Fact]
    public async Task Another_key_on_the_same_connection_does_not_get_the_session()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using CurveKeyPair key = await fleet.EnrolKeyAsync("a"), other = await fleet.EnrolKeyAsync("b");
        using RawPeer peer = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey);
        peer.Send(new Message(MessageKind.Register, Fleet.NewRegister("a"), 1));
        peer.Receive(MessageKind.Registered);
        ServerSession session = fleet.Server.Registry.Find("a")!.Session!;

        using var handshake = new CurveClientHandshake(other, fleet.Server.PublicKey, Pantry.Sessions.SessionTerms.OfPeer(Pantry.Sessions.SessionRole.Client, null));
        peer.SendRaw(handshake.Hello());
        peer.SendRaw(handshake.Receive(peer.ReceiveRaw()[0]).Reply!);

        await Fleet.EventuallyAsync(() => session.Closed, "the session to be cut");
        Assert.Null(fleet.Server.Registry.Find("a")!.Session);
        Assert.Null(fleet.Server.Registry.Find("b")!.Session);
    }
}
