using System.Text.Json;
using System.Text.Json.Nodes;
using Pantry.Client;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Sessions;
using Pantry.Sessions.Curve;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;
using Pantry.Tests.Transport.Gates;

namespace Pantry.Tests.Upgrade;

/// <summary>Peers whose protocol is one minor version ahead work with this one; what only they know is told, and ends nothing.</summary>
public sealed class MinorVersionTests
{
    [Fact]
    public async Task A_client_of_the_next_minor_version_registers_and_gets_orders_with_properties_that_this_server_does_not_know()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using CurveKeyPair key = await fleet.EnrolKeyAsync("web1", "shop");
        using RawPeer peer = Connect(fleet, key, SessionRole.Client);
        JsonObject register = JsonSerializer.SerializeToNode(Fleet.NewRegister("web1", "shop"), JsonSerializerOptions.Web)!.AsObject();
        register["novelty"] = new JsonObject { ["a"] = new JsonArray(1, 2) };

        peer.SendFrames(Header(MessageKind.Register, 1), Fleet.Json(register));
        Assert.Equal(RegistrationStatus.Approved, peer.Receive(MessageKind.Registered).HeadAs<Registered>().Status);

        // Nobody listens on the published side for it, so the order comes over the session.
        await fleet.Server.Fleet.StartJobAsync(new JobRequest { Target = Target.Clients(["web1"]), Command = "Ping" }, default);
        Assert.Equal(MessageKind.Order, peer.Receive(MessageKind.Order).Kind);
    }

    [Fact]
    public async Task A_question_that_only_a_newer_version_knows_is_answered_with_what_to_update_and_the_session_goes_on()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using CurveKeyPair key = await fleet.EnrolKeyAsync("web1", "shop");
        using RawPeer peer = Connect(fleet, key, SessionRole.Client);

        peer.SendFrames(Header((MessageKind)250, 7), Fleet.Json(new { whatever = 1 }));
        (Message message, Refused refused) = peer.ReceiveRefusal();

        Assert.Equal((7ul, PantryErrorCode.NotOffered.ToString()), (message.Correlation, refused.Code));
        Assert.Contains("does not know messages of kind 250", refused.Message, StringComparison.Ordinal);
        Assert.Contains($"protocol {NewerServer.Version}", refused.Message, StringComparison.Ordinal);
        Assert.Contains("Update the server", refused.Message, StringComparison.Ordinal);
        peer.SendFrames(Header(MessageKind.Register, 8), Fleet.Json(Fleet.NewRegister("web1", "shop")));
        Assert.Equal(RegistrationStatus.Approved, peer.Receive(MessageKind.Registered).HeadAs<Registered>().Status);
    }

    [Fact]
    public async Task A_client_registers_with_a_server_of_the_next_minor_version_and_passes_over_what_it_does_not_know()
    {
        using SigningKey root = SigningKey.Generate();
        string home = TestDirectory.Create();
        var log = new ListLogger();
        // So seldom that the client beats for an answer alone.
        await using var server = new NewerServer(message => message.Head switch
        {
            Register register =>
            [
                (MessageKind.Registered, new Registered(RegistrationStatus.Approved, register.Labels, [], 0, 300, 3600, "9.9.9", DateTimeOffset.UtcNow, root.PublicKey.Bytes.ToArray())),
                (MessageKind.Heartbeat, new Heartbeat(0)),
            ],
            Leave leave => [(MessageKind.Leave, leave)],
            _ => [],
        });
        var configuration = new ClientConfiguration
        {
            Server = server.Address,
            ServerKey = server.Key,
            Labels = ClientLabels.Create("web1", "shop", null, null),
            Path = Path.Combine(home, "client"),
        };

        await using (ClientAgent client = await ClientAgent.StartAsync(configuration, log: log, cancellation: TestContext.Current.CancellationToken))
        {
            await Fleet.EventuallyAsync(() => server.Heard.Contains(MessageKind.Heartbeat), "the client's answer to a heartbeat");
            Assert.Equal((RegistrationStatus.Approved, ServiceStatus.Running), (client.Registration, client.Status));
        }

        Assert.Equal([MessageKind.Register, MessageKind.Heartbeat, MessageKind.Leave], server.Heard);
        Assert.Contains(log.Lines, line => line.Contains(nameof(DecodeFault.UnknownKind), StringComparison.Ordinal));
        Assert.Empty(log.Errors);
        Directory.Delete(home, recursive: true);
    }

    [Fact]
    public async Task An_operator_works_with_a_server_of_the_next_minor_version_and_is_told_in_its_words_what_it_refuses()
    {
        using CurveKeyPair session = CurveKeyPair.Generate();
        using SigningKey signing = SigningKey.Generate();
        await using var server = new NewerServer(message => message.Head switch
        {
            Connect _ => [(MessageKind.Connected, new Connected("mary", NewerServer.Network, "9.9.9", DateTimeOffset.UtcNow, 300, 3600))],
            ListClients => [(MessageKind.ClientPage, new ClientPage([new ClientInfo { Identity = "web1", Status = ClientStatus.Online }], Last: true))],
            OpenJob => [(MessageKind.Refused, new Refused("ReasonOfLater", "Not on a Sunday."))],
            Leave leave => [(MessageKind.Leave, leave)],
            _ => [],
        });
        var credentials = new OperatorCredentials
        {
            Name = "mary",
            Address = server.Address.Host,
            ReceivePort = server.Address.ReceivePort,
            ServerPublicKey = server.Key.ToString(),
            Network = NewerServer.Network,
            SessionKey = Z85.Encode(session.Secret),
            SigningKey = signing.ToPem(null),
        };
        using var deadline = new CancellationTokenSource(Fleet.Deadline);

        await using (RemoteFleet console = await RemoteFleet.ConnectAsync(credentials, cancellation: deadline.Token))
        {
            ClientInfo client = Assert.Single(await console.FindClientsAsync(new ClientFilter(), deadline.Token).ToListAsync(deadline.Token));
            PantryException refused = await Assert.ThrowsAsync<PantryException>(() => console.OpenJobAsync("job", 0, deadline.Token));

            Assert.Equal(("9.9.9", "web1", ClientStatus.Online), (console.ServerVersion, client.Identity, client.Status));
            Assert.Equal((PantryErrorCode.Refused, "Not on a Sunday."), (refused.Code, refused.Message));
            Assert.Equal(ServiceStatus.Running, console.Status);
        }

        Assert.Equal([MessageKind.Connect, MessageKind.ListClients, MessageKind.OpenJob, MessageKind.Leave], server.Heard);
    }

    private static RawPeer Connect(Fleet fleet, CurveKeyPair key, SessionRole role)
    {
        RawPeer peer = RawPeer.Unknown(fleet.Server.ReceivePort);
        CurveMetadata metadata = CurveMetadata.Of(
            ("Socket-Type", "DEALER"), ("Identity", ""), (SessionTerms.Version, NewerServer.Version), (SessionTerms.Role, role.ToString()), ("Pantry-Novelty", "x"));
        Assert.Equal(CurveFault.None, peer.Handshake(key, fleet.Server.PublicKey, metadata: metadata).Fault);
        return peer;
    }

    private static byte[] Header(MessageKind kind, ulong correlation) =>
        new MessageHeader(ProtocolVersion.Major, (byte)(ProtocolVersion.Minor + 1), kind, correlation).ToBytes();
}
