using Pantry.Client;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server;
using Pantry.Targeting;
using static Pantry.Tests.EndToEnd.EnrollmentTests;

namespace Pantry.Tests.EndToEnd;

/// <summary>Enrolments and tokens name the fleet's root key: with another one they are good for nobody.</summary>
public sealed class NewRootKeyTests
{
    [Fact]
    public async Task A_new_root_key_withdraws_what_names_the_old_one_and_says_how_many_and_why()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        IFleet here = fleet.Server.Fleet;
        Enrollment used = await here.EnrolAsync(new Enrol("used", "shop", null, [], 0), default), enrollment = await here.EnrolAsync(new Enrol("web1", "shop", null, [], 0), default);
        EnrollmentToken token = await here.CreateTokenAsync(new CreateToken("web*", "shop", null, [], 0), default);
        await here.EnrolAsync(new Enrol("late", "shop", null, [], 0.001), default);
        using CurveKeyPair own = CurveKeyPair.Generate(), before = CurveKeyPair.Generate();
        Assert.Null(Redeem(fleet, used, before, "used"));

        RootKeyInfo renewed = await new RootKeyDesk(fleet.Server.Authority, fleet.Server.Enrollments, fleet.Server.Audit).RenewAsync();

        Assert.Equal(2, renewed.WithdrawnEnrollments);
        var error = await Assert.ThrowsAsync<PantryException>(() => fleet.StartAsync(new ClientConfiguration
        {
            Server = fleet.Address,
            Labels = ClientLabels.Create("web1", "shop", null, null),
            Path = fleet.Home("web1"),
            Enrollment = enrollment,
        }));
        Assert.Equal(PantryErrorCode.InvalidEnrollment, error.Code);
        Assert.Contains("by 'local': the fleet has a new root key. Make a new one with New-PantryEnrollment.", error.Message, StringComparison.Ordinal);
        Assert.Contains("the fleet has a new root key", Register(fleet, token.Token, own, "web1")!.Message, StringComparison.Ordinal);
        List<EnrollmentInfo> all = await ListAsync(here, new EnrollmentFilter { All = true });
        Assert.Equal([EnrollmentStatus.Used, EnrollmentStatus.Withdrawn, EnrollmentStatus.Withdrawn, EnrollmentStatus.Expired], all.Select(info => info.Status));
        Assert.Equal([null, null, null], all.Skip(1).Select(info => info.UsedBy));
        AuditEntry audited = Assert.Single(await here.FindAuditAsync(new AuditFilter { Action = "EnrollmentsWithdrawn" }, default).ToListAsync());
        Assert.Equal(("local", renewed.Fingerprint), (audited.Actor, audited.Target));
        Assert.Contains(token.Id, audited.Detail, StringComparison.Ordinal);
        await fleet.AddAsync("web2", "shop");
    }

    [Fact]
    public async Task A_root_key_that_is_taken_offline_says_how_many_lose_their_maker_with_it()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await using RemoteFleet console = await fleet.ConnectAsync();
        Enrollment local = await fleet.Server.Fleet.EnrolAsync(new Enrol("web1", "shop", null, [], 0), default), other = await console.EnrolAsync(new Enrol("web2", "shop", null, [], 0), default);
        await fleet.Server.Fleet.CreateTokenAsync(new CreateToken("web*", "shop", null, [], 0), default);
        var desk = new RootKeyDesk(fleet.Server.Authority, fleet.Server.Enrollments, fleet.Server.Audit);
        Assert.Equal(0, (await desk.ExportAsync(Path.Combine(fleet.Root, "copy.pem"), null, takeAway: false)).OrphanedEnrollments);

        RootKeyInfo offline = await desk.ExportAsync(Path.Combine(fleet.Root, "root.pem"), null, takeAway: true);

        Assert.Equal((2, 0), (offline.OrphanedEnrollments, offline.WithdrawnEnrollments));
        Assert.Equal([other.Id], (await ListAsync(console)).Select(info => info.Id));
        List<EnrollmentInfo> all = await ListAsync(console, new EnrollmentFilter { All = true });
        Assert.Equal([EnrollmentStatus.Orphaned, EnrollmentStatus.Open, EnrollmentStatus.Orphaned], all.Select(info => info.Status));
        // What lets nobody in can be taken back all the same.
        Assert.Equal(EnrollmentStatus.Withdrawn, (await console.WithdrawEnrollmentAsync(local.Id, default)).Status);
    }

    [Fact]
    public async Task A_bundle_that_brings_another_root_key_withdraws_what_names_the_old_one()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await using RemoteFleet console = await fleet.ConnectAsync();
        Enrollment enrollment = await console.EnrolAsync(new Enrol("web1", "shop", null, [], 0), default);
        Authority authority = fleet.Server.Authority;
        using SigningKey root = SigningKeyFile.Load(Path.Combine(fleet.Root, "server", "keys", "root.key"), null), renewed = SigningKey.Generate();
        SignedHandover handover = SignedHandover.Sign(new RootHandover(authority.Network, renewed.PublicKey.Bytes.ToArray(), DateTimeOffset.UtcNow), root);
        TrustBundle same = authority.Bundle with { Serial = authority.Bundle.Serial + 1 };

        await console.PutBundleAsync(SignedBundle.Sign(same, root).ToBytes(), default);
        Assert.Equal(EnrollmentStatus.Open, Assert.Single(await ListAsync(console)).Status);
        await console.PutBundleAsync(SignedBundle.Sign(same with { Serial = same.Serial + 1 }, renewed, [handover]).ToBytes(), default);

        EnrollmentInfo withdrawn = Assert.Single(await ListAsync(console, new EnrollmentFilter { All = true }));
        Assert.Equal((enrollment.Id, EnrollmentStatus.Withdrawn, console.Operator), (withdrawn.Id, withdrawn.Status, withdrawn.WithdrawnBy));
        await fleet.Server.AuditLog.FlushAsync();
        AuditEntry audited = Assert.Single(await console.FindAuditAsync(new AuditFilter { Action = "EnrollmentsWithdrawn" }, default).ToListAsync());
        Assert.Equal((console.Operator, Fingerprint.Of(authority.Bundle.Find(console.Operator)!.SigningKey)), (audited.Actor, audited.Fingerprint));
    }

    [Fact]
    public async Task A_server_that_was_killed_while_it_changed_the_root_key_withdraws_what_names_the_old_one_when_it_starts_again()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        Enrollment enrollment = await fleet.Server.Fleet.EnrolAsync(new Enrol("web1", "shop", null, [], 0), default);
        using SigningKey renewed = SigningKey.Generate();
        fleet.Server.Authority.RenewRoot(renewed);
        using CurveKeyPair own = CurveKeyPair.Generate();
        Refused refused = Redeem(fleet, enrollment, own, "web1")!;
        Assert.Contains("the fleet has a new root key", refused.Message, StringComparison.Ordinal);
        Assert.Single(await ListAsync(fleet.Server.Fleet));

        await fleet.RestartServerAsync();

        Assert.Empty(await ListAsync(fleet.Server.Fleet));
        EnrollmentInfo withdrawn = Assert.Single(await ListAsync(fleet.Server.Fleet, new EnrollmentFilter { All = true }));
        Assert.Equal((EnrollmentStatus.Withdrawn, ServerAudit.Server), (withdrawn.Status, withdrawn.WithdrawnBy));
    }
}
