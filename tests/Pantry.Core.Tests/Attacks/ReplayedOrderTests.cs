using Pantry.Client;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;
using Pantry.Tests.Storage;

namespace Pantry.Tests.Attacks;

/// <summary>An order is run once, however often and in whatever wrapping it comes again.</summary>
public sealed class ReplayedOrderTests
{
    [Fact]
    public async Task An_order_that_comes_again_is_not_run_again_not_after_restarts_of_either_side_either()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using var forger = new Forger(fleet, await fleet.AddOperatorAsync("alice"));
        var tally = new Tally();
        ClientAgent client = await fleet.AddAsync("a", "shop", commands: tally.Commands);
        SignedJob order = forger.Sign(Target.All);
        await forger.SettleAsync("a", tally);
        forger.Send("a", Forger.Order(order));
        await Fleet.EventuallyAsync(() => tally.Times == 1, "the order to be run");

        await ReplayAsync();
        await client.DisposeAsync();
        await fleet.StartAsync(client.Configuration, tally.Commands);
        await ReplayAsync();
        await fleet.RestartServerAsync();
        await Fleet.EventuallyAsync(() => fleet.Server.Registry.Find("a")!.Session is not null, "the client to come back");
        await ReplayAsync();

        async Task ReplayAsync()
        {
            string job = Forger.StatementOf(order).Job;
            for (int i = 0; i < 20; i++)
                forger.Send("a", Forger.Order(order));
            forger.Send("a", Forger.Order(order, number: long.MaxValue, direct: false, bundleSerial: 0));
            forger.Send("a", Forger.Order(order, number: 7, only: TargetTags.Tag(job, "A")));
            // A receipt, or a word to cancel, makes no room for another time.
            forger.Send("a", new Message(MessageKind.ResultStored, new ResultStored(job)));
            forger.Send("a", new Message(MessageKind.CancelOrder, new CancelOrder(job)));
            forger.Send("a", Forger.Order(order));
            await forger.SettleAsync("a", tally);
            Assert.Equal(1, tally.Times);
        }
    }

    [Fact]
    public async Task An_order_recorded_off_the_wire_and_published_again_is_not_run_again()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        var tally = new Tally();
        await fleet.AddAsync("a", "shop", commands: tally.Commands);
        await Fleet.EventuallyAsync(() => fleet.Server.Registry.Find("a")!.HearsPublished, "the subscription");
        using var forger = new Forger(fleet, await fleet.AddOperatorAsync("alice"));
        SignedJob order = forger.Sign(Target.OfStreams("shop"));
        await forger.SettleAsync("a", tally);
        Message message = Forger.Order(order, number: 1_000, direct: false);

        for (int i = 0; i < 10; i++)
            fleet.Server.Publish([Topic.Stream("shop")], message with { Head = message.HeadAs<Order>() with { Number = 1_000 + i } });
        await Fleet.EventuallyAsync(() => tally.Times > 0, "the order to be run");
        await forger.SettleAsync("a", tally);

        Assert.Equal(1, tally.Times);
    }

    [Fact]
    public async Task An_order_that_comes_again_at_the_end_of_its_validity_is_not_run_again_though_the_client_was_restarted()
    {
        var options = new PantryOptions { DeliveryTimeout = TimeSpan.FromSeconds(15), ResultGrace = TimeSpan.FromSeconds(15), ClockSkew = TimeSpan.FromMinutes(1) };
        await using Fleet fleet = await Fleet.StartAsync(options);
        using var forger = new Forger(fleet, await fleet.AddOperatorAsync("alice"));
        var tally = new Tally();
        ClientAgent client = await fleet.AddAsync("a", "shop", commands: tally.Commands);
        await forger.SettleAsync("a", tally);
        // Long over by the client's clock, and good for 30 s of skew more.
        SignedJob order = forger.Sign(Target.All, time: new SetClock(DateTimeOffset.UtcNow.AddSeconds(-60)));

        forger.Send("a", Forger.Order(order));
        await Fleet.EventuallyAsync(() => tally.Times == 1, "the order to be run");
        await client.DisposeAsync();
        await fleet.StartAsync(client.Configuration, tally.Commands);
        forger.Send("a", Forger.Order(order));
        await forger.SettleAsync("a", tally);

        Assert.Equal(1, tally.Times);
    }

    [Theory]
    [InlineData(-91, false)]
    [InlineData(-89, true)]
    [InlineData(0, true)]
    [InlineData(59, true)]
    [InlineData(61, false)]
    public async Task An_order_is_run_within_its_validity_and_the_stated_skew_only(int issuedSeconds, bool runs)
    {
        // Good for 30 s from when it is given, and for a minute of skew beyond either end.
        var options = new PantryOptions { DeliveryTimeout = TimeSpan.FromSeconds(15), ResultGrace = TimeSpan.FromSeconds(15), ClockSkew = TimeSpan.FromMinutes(1) };
        await using Fleet fleet = await Fleet.StartAsync(options);
        using var forger = new Forger(fleet, await fleet.AddOperatorAsync("alice"));
        var tally = new Tally();
        await fleet.AddAsync("a", "shop", commands: tally.Commands);
        await forger.SettleAsync("a", tally);
        // A few tenths of a second pass on the way.
        double aside = issuedSeconds < 0 ? 0.5 : 0;

        forger.Send("a", Forger.Order(forger.Sign(Target.All, time: new SetClock(DateTimeOffset.UtcNow.AddSeconds(issuedSeconds + aside)))));
        await forger.SettleAsync("a", tally);

        Assert.Equal(runs ? 1 : 0, tally.Times);
    }
}
