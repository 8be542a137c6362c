using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server;
using Pantry.Storage;
using static Pantry.Tests.EndToEnd.EnrollmentTests;

namespace Pantry.Tests.EndToEnd;

/// <summary>What is confirmed is on the disk; what was done is not reported as failed because something after it was not written.</summary>
public sealed class StoredFirstTests
{
    [Fact]
    public async Task A_token_lets_nobody_in_that_the_audit_log_cannot_have()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        EnrollmentToken token = await fleet.Server.Fleet.CreateTokenAsync(new CreateToken("web*", "shop", null, [], 0), default);
        await fleet.Server.AuditLog.FlushAsync();
        using CurveKeyPair key = CurveKeyPair.Generate();
        using (new BrokenDisk(fleet, "INSERT ON audit"))
        {
            for (int attempt = 0; attempt < 2; attempt++)
                Assert.Equal(nameof(PantryErrorCode.StorageFailed), Register(fleet, token.Token, key, "web1")?.Code);
            Assert.NotEqual(ClientStatus.Online, fleet.Info("web1").Status);
        }

        Assert.Null(Register(fleet, token.Token, key, "web1"));
        Assert.Equal("web1", Assert.Single(fleet.Server.AuditLog.Query(new AuditQuery { Action = "TokenUsed" })).Target);
    }

    [Fact]
    public async Task A_client_that_unregisters_is_told_so_when_it_is_stored_and_audited_and_not_before()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using CurveKeyPair key = await fleet.EnrolKeyAsync("web1", "shop");
        var goodbye = new Message(MessageKind.Leave, new Leave("the client was unregistered", true), 2);
        using (new BrokenDisk(fleet, "DELETE ON keys"))
        using (RawPeer peer = Registered(fleet, key))
        {
            peer.Send(goodbye);
            (Message refusal, Refused refused) = peer.ReceiveRefusal();
            Assert.Equal((2UL, nameof(PantryErrorCode.StorageFailed)), (refusal.Correlation, refused.Code));
        }

        Assert.NotNull(fleet.Server.Admission.Now(key.PublicKey));
        await Fleet.EventuallyAsync(() => fleet.Info("web1").Status == ClientStatus.Offline, "the client to be offline");
        using RawPeer again = Registered(fleet, key);
        again.Send(goodbye);
        Assert.Equal(2UL, again.Receive(MessageKind.Leave).Correlation);

        Assert.Null(fleet.Server.Admission.Now(key.PublicKey));
        Assert.Null(fleet.Server.Registry.Find("web1"));
        Assert.Equal("web1", Assert.Single(fleet.Server.AuditLog.Query(new AuditQuery { Action = "ClientLeft" })).Target);
    }

    [Fact]
    public async Task A_root_key_that_was_changed_is_changed_though_what_names_the_old_one_cannot_be_marked()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        Enrollment enrollment = await fleet.Server.Fleet.EnrolAsync(new Enrol("web1", "shop", null, [], 0), default);
        string old = fleet.Server.Authority.RootKey.Fingerprint;
        using CurveKeyPair own = CurveKeyPair.Generate();
        using (new BrokenDisk(fleet, "UPDATE ON enrollments"))
        {
            RootKeyInfo renewed = await new RootKeyDesk(fleet.Server.Authority, fleet.Server.Enrollments, fleet.Server.Audit).RenewAsync();
            Assert.NotEqual(old, renewed.Fingerprint);
            Assert.Equal(0, renewed.WithdrawnEnrollments);
            await fleet.RestartServerAsync();
            Assert.Contains("the fleet has a new root key", Redeem(fleet, enrollment, own, "web1")!.Message, StringComparison.Ordinal);
        }

        await fleet.RestartServerAsync();
        Assert.Equal(EnrollmentStatus.Withdrawn, Assert.Single(await ListAsync(fleet.Server.Fleet, new EnrollmentFilter { All = true })).Status);
    }

    private static RawPeer Registered(Fleet fleet, CurveKeyPair key)
    {
        RawPeer peer = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey);
        peer.Send(new Message(MessageKind.Register, Fleet.NewRegister("web1", "shop"), 1));
        Assert.Equal(RegistrationStatus.Approved, peer.Receive(MessageKind.Registered).HeadAs<Registered>().Status);
        return peer;
    }
}
