using System.Text.Json;
using System.Text.Json.Nodes;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Sessions;
using Pantry.Sessions.Curve;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Upgrade;

/// <summary>Peers whose protocol is one minor version ahead work with this one; what only they know is told, and ends nothing.</summary>
public sealed class MinorVersionTests
{
    private static readonly string Newer = $"{ProtocolVersion.Major}.{ProtocolVersion.Minor + 1}";

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
        Assert.Contains($"protocol {Newer}", refused.Message, StringComparison.Ordinal);
        Assert.Contains("Update the server", refused.Message, StringComparison.Ordinal);
        peer.SendFrames(Header(MessageKind.Register, 8), Fleet.Json(Fleet.NewRegister("web1", "shop")));
        Assert.Equal(RegistrationStatus.Approved, peer.Receive(MessageKind.Registered).HeadAs<Registered>().Status);
    }

    private static RawPeer Connect(Fleet fleet, CurveKeyPair key, SessionRole role)
    {
        RawPeer peer = RawPeer.Unknown(fleet.Server.ReceivePort);
        CurveMetadata metadata = CurveMetadata.Of(
            ("Socket-Type", "DEALER"), ("Identity", ""), (SessionTerms.Version, Newer), (SessionTerms.Role, role.ToString()), ("Pantry-Novelty", "x"));
        Assert.Equal(CurveFault.None, peer.Handshake(key, fleet.Server.PublicKey, metadata: metadata).Fault);
        return peer;
    }

    private static byte[] Header(MessageKind kind, ulong correlation) =>
        new MessageHeader(ProtocolVersion.Major, (byte)(ProtocolVersion.Minor + 1), kind, correlation).ToBytes();
}
