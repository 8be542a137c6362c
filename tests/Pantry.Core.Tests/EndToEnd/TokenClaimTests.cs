using Pantry.Client;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Targeting;

namespace Pantry.Tests.EndToEnd;

/// <summary>What a client says of itself beside a token must be the token's; what it leaves unsaid it gets from there.</summary>
public sealed class TokenClaimTests
{
    [Theory]
    [InlineData(null, null, "", "web db")]
    [InlineData("shop", null, "", "web db")]
    [InlineData(null, "live", "", "web db")]
    [InlineData("SHOP", "live", "", "web db")]
    [InlineData(null, null, "db", "db")]
    [InlineData("shop", null, "db", "db")]
    [InlineData("shop", "live", "web db", "web db")]
    public async Task A_client_that_claims_some_of_its_tokens_labels_gets_the_rest_from_the_token_and_keeps_it(
        string? application, string? environment, string roles, string given)
    {
        await using Fleet fleet = await Fleet.StartAsync();
        ClientConfiguration configuration = await ConfigurationAsync(fleet, ClientLabels.Create("web1", application, environment, roles.Split(' ')), "shop", "live", ["web", "db"]);

        ClientAgent client = await fleet.StartAsync(configuration);
        AssertIs(client, "shop", "live", given);
        Assert.Equal(client.Labels.ShownStreams(), fleet.Info("web1").Streams);
        await client.DisposeAsync();

        // The token is used up; its directory knows what the client is.
        ClientAgent again = await fleet.StartAsync(configuration);
        AssertIs(again, "shop", "live", given);
        Assert.Equal(CommandStatus.Succeeded, Assert.Single(await fleet.RunAsync(Target.OfStreams($"shop.live.{given.Split(' ')[0]}"), "Ping")).Result.Status);
    }

    [Theory]
    [InlineData("bank", null, "")]
    [InlineData("shop", "test", "")]
    [InlineData(null, null, "root")]
    [InlineData(null, null, "web root")]
    public async Task A_claim_that_is_not_the_tokens_is_refused_before_the_token_is_used(string? application, string? environment, string roles)
    {
        await using Fleet fleet = await Fleet.StartAsync();
        ClientConfiguration configuration = await ConfigurationAsync(fleet, ClientLabels.Create("web1", application, environment, roles.Split(' ')), "shop", "live", ["web"]);

        var error = await Assert.ThrowsAsync<PantryException>(() => fleet.StartAsync(configuration));

        Assert.Equal(PantryErrorCode.InvalidEnrollment, error.Code);
        Assert.Contains("does not cover", error.Message, StringComparison.Ordinal);
        await fleet.StartAsync(configuration with { Labels = ClientLabels.Create("web1", "shop", null, null) });
    }

    [Theory]
    [InlineData(null, "live", "")]
    [InlineData("shop", null, "")]
    [InlineData(null, null, "web")]
    public async Task A_token_without_a_level_gives_none_and_covers_none(string? application, string? environment, string roles)
    {
        await using Fleet fleet = await Fleet.StartAsync();
        string[] given = roles.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        ClientConfiguration silent = await ConfigurationAsync(fleet, ClientLabels.Create("web1", null, null, null), application, environment, given);
        foreach (ClientLabels more in (ClientLabels[])
        [
            ClientLabels.Create("web1", "other", null, null), ClientLabels.Create("web1", null, "other", null), ClientLabels.Create("web1", null, null, ["other"]),
        ])
        {
            Assert.Equal(PantryErrorCode.InvalidEnrollment, (await Assert.ThrowsAsync<PantryException>(() => fleet.StartAsync(silent with { Labels = more }))).Code);
        }

        ClientAgent client = await fleet.StartAsync(silent);

        Assert.False(client.Labels.Unlabelled);
        Assert.Equal((application, environment, roles), (client.Labels.Application, client.Labels.Environment, string.Join(' ', client.Labels.Roles)));
    }

    [Fact]
    public async Task A_client_whose_answer_to_a_token_was_lost_asks_again_and_is_let_in_as_the_same()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        EnrollmentToken token = await fleet.Server.Fleet.CreateTokenAsync(new CreateToken("web*", "shop", "live", ["web"], 0), default);
        using CurveKeyPair key = CurveKeyPair.Generate();
        for (int attempt = 0; attempt < 2; attempt++)
        {
            using RawPeer peer = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey);
            for (ulong time = 1; time < 3; time++)
            {
                peer.Send(new Message(MessageKind.Register, Fleet.NewRegister("web1", "shop") with { Token = token.Token, Instance = "one" }, time));
                Registered registered = peer.Receive(MessageKind.Registered).HeadAs<Registered>();
                Assert.Equal(RegistrationStatus.Approved, registered.Status);
                Assert.Equal(["shop", "shop.live", "shop.live.web"], registered.Labels!.StreamPaths());
            }
        }

        // Who claims something else beside the same token waits, as without it, however often it asks.
        for (int attempt = 0; attempt < 2; attempt++)
        {
            using RawPeer other = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey);
            other.Send(new Message(MessageKind.Register, Fleet.NewRegister("web1", "bank") with { Token = token.Token, Instance = "one" }, 1));
            Message answer = other.Receive();
            Assert.Equal(RegistrationStatus.Pending, (answer.Head as Registered)?.Status);
        }
    }

    [Fact]
    public async Task A_key_that_no_token_let_in_gets_nothing_filled_in_by_showing_one()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using CurveKeyPair key = await fleet.EnrolKeyAsync("web1", "shop", "live", ["web"]);
        EnrollmentToken token = await fleet.Server.Fleet.CreateTokenAsync(new CreateToken("web*", "shop", "live", ["web"], 0), default);
        using RawPeer peer = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey);

        peer.Send(new Message(MessageKind.Register, Fleet.NewRegister("web1") with { Token = token.Token }, 1));

        Assert.Equal(RegistrationStatus.Pending, peer.Receive(MessageKind.Registered).HeadAs<Registered>().Status);
        Assert.Equal(EnrollmentStatus.Open, (await fleet.Server.Fleet.FindEnrollmentsAsync(new EnrollmentFilter { Ids = [token.Id] }, default).SingleAsync()).Status);
    }

    [Fact]
    public async Task What_a_tokens_client_says_of_itself_later_counts_and_only_the_rest_stays_as_the_token_said()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        ClientConfiguration configuration = await ConfigurationAsync(fleet, ClientLabels.Create("web1", "shop", null, null), "shop", "live", ["web", "db"]);
        await (await fleet.StartAsync(configuration)).DisposeAsync();

        ClientAgent fewer = await fleet.StartAsync(configuration with { Labels = ClientLabels.Create("web1", "shop", null, ["db"]) });
        AssertIs(fewer, "shop", "live", "db");
        await fewer.DisposeAsync();
        ClientAgent other = await fleet.StartAsync(configuration with { Labels = ClientLabels.Create("web1", "shop", "test", null) });

        Assert.Equal(RegistrationStatus.Pending, other.Registration);
    }

    [Fact]
    public async Task A_tokens_client_that_says_nothing_is_what_the_token_gave_whatever_it_said_in_between()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        ClientConfiguration silent = await ConfigurationAsync(fleet, ClientLabels.Create("web1", null, null, null), "shop", "live", ["web", "db"]);
        await (await fleet.StartAsync(silent)).DisposeAsync();
        ClientAgent fewer = await fleet.StartAsync(silent with { Labels = ClientLabels.Create("web1", null, null, ["db"]) });
        AssertIs(fewer, "shop", "live", "db");
        await fewer.DisposeAsync();

        ClientAgent again = await fleet.StartAsync(silent);
        AssertIs(again, "shop", "live", "web db");
        await again.DisposeAsync();

        ClientAgent other = await fleet.StartAsync(silent with { Labels = ClientLabels.Create("web1", "bank", null, null) });
        Assert.Equal((RegistrationStatus.Pending, "bank"), (other.Registration, other.Labels.Application));
        await other.DisposeAsync();
        // An operator sees what it claims now, and that is what the token gave.
        ClientAgent back = await fleet.StartAsync(silent);
        Assert.Equal(["shop", "shop.live", "shop.live.web", "shop.live.db"], back.Labels.StreamPaths());
        await fleet.Server.Fleet.DecideAsync(new DecideClient(ClientDecision.Approve, "web1", null, back.Labels), default);
        await Fleet.EventuallyAsync(() => back.Registration == RegistrationStatus.Approved, "the client to be approved");
        AssertIs(back, "shop", "live", "web db");
    }

    [Fact]
    public async Task What_an_operator_approved_beyond_a_grant_is_what_the_client_is_when_it_says_nothing()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        ClientConfiguration silent = await ConfigurationAsync(fleet, ClientLabels.Create("web1", null, null, null), "shop", "live", ["web"]);
        await (await fleet.StartAsync(silent)).DisposeAsync();
        ClientAgent bank = await fleet.StartAsync(silent with { Labels = ClientLabels.Create("web1", "bank", null, null) });
        await fleet.Server.Fleet.DecideAsync(new DecideClient(ClientDecision.Approve, "web1", null), default);
        await Fleet.EventuallyAsync(() => bank.Registration == RegistrationStatus.Approved, "the client to be approved");
        await bank.DisposeAsync();

        AssertIs(await fleet.StartAsync(silent), "bank", "live", "web");
    }

    private static async Task<ClientConfiguration> ConfigurationAsync(Fleet fleet, ClientLabels claimed, string? application, string? environment, string[] roles)
    {
        EnrollmentToken token = await fleet.Server.Fleet.CreateTokenAsync(new CreateToken("web*", application, environment, roles, 0), default);
        return new ClientConfiguration
        {
            Server = fleet.Address,
            ServerKey = fleet.Server.PublicKey,
            Labels = claimed,
            Path = fleet.Home("web1"),
            Token = token.Token,
        };
    }

    private static void AssertIs(ClientAgent client, string? application, string? environment, string roles)
    {
        Assert.Equal(RegistrationStatus.Approved, client.Registration);
        Assert.Equal((application, environment, roles), (client.Labels.Application?.ToLowerInvariant(), client.Labels.Environment, string.Join(' ', client.Labels.Roles)));
    }
}
