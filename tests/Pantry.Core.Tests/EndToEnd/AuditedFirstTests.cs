using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server;
using static Pantry.Tests.EndToEnd.EnrollmentTests;

namespace Pantry.Tests.EndToEnd;

/// <summary>What operators decide stands in the audit log before it is in force, and is not in force where it cannot stand there.</summary>
public sealed class AuditedFirstTests
{
    [Fact]
    public async Task What_the_audit_log_cannot_have_is_not_in_force()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        IFleet here = fleet.Server.Fleet;
        using CurveKeyPair key = await fleet.EnrolKeyAsync("web1", "shop");
        await fleet.AddOperatorAsync("deploy");
        Enrollment open = await here.EnrolAsync(new Enrol("web2", "shop", null, [], 0), default);
        // Another administrator, or the root key could not go; and its file, or it could not come back.
        await fleet.AddOperatorAsync("admin", administrator: true);
        string exported = Path.Combine(fleet.Root, "exported.pem"), copy = Path.Combine(fleet.Root, "copy.pem");
        fleet.Server.Authority.ExportRoot(copy, null, takeAway: false);
        string root = fleet.Server.Authority.RootKey.Fingerprint;
        byte[] bundle = Bundle(fleet, "other").ToBytes();
        await fleet.Server.AuditLog.FlushAsync();
        long serial = fleet.Server.Authority.Bundle.Serial;
        using (new BrokenDisk(fleet, "INSERT ON audit"))
        {
            await RefusedAsync(here.EnrolAsync(new Enrol("web3", "shop", null, [], 0), default));
            await RefusedAsync(here.CreateTokenAsync(new CreateToken("web*", "shop", null, [], 0), default));
            await RefusedAsync(here.WithdrawEnrollmentAsync(open.Id, default));
            await RefusedAsync(here.DecideAsync(new DecideClient(ClientDecision.Revoke, "web1", null), default));
            await RefusedAsync(here.DecideAsync(new DecideClient(ClientDecision.Remove, "web1", null), default));
            await RefusedAsync(fleet.AddOperatorAsync("eve", administrator: true));
            await RefusedAsync(here.RevokeOperatorAsync("deploy", default));
            await RefusedAsync(here.PutBundleAsync(bundle, default));
            var desk = new RootKeyDesk(fleet.Server.Authority, fleet.Server.Enrollments, fleet.Server.Audit);
            await RefusedAsync(desk.RenewAsync());
            await RefusedAsync(desk.ExportAsync(exported, null, takeAway: true));
            await RefusedAsync(desk.ImportAsync(copy, null));
        }

        Assert.Equal(open.Id, Assert.Single(await ListAsync(here)).Id);
        Assert.Equal(ClientStatus.Offline, fleet.Info("web1").Status);
        Assert.Equal(serial, fleet.Server.Authority.Bundle.Serial);
        Assert.NotNull(fleet.Server.Authority.Bundle.Find("deploy"));
        Assert.Equal((root, true, false), (fleet.Server.Authority.RootKey.Fingerprint, fleet.Server.Authority.IsRootKeyHere, File.Exists(exported)));

        await fleet.Server.AuditLog.FlushAsync();
        await here.DecideAsync(new DecideClient(ClientDecision.Revoke, "web1", null), default);
        Assert.Equal(["Done"], await OutcomesAsync(here, "ClientRevoke"));
    }

    [Theory]
    [InlineData("INSERT ON enrollments", "EnrollmentCreated")]
    [InlineData("INSERT ON keys", "ClientRevoke")]
    [InlineData("INSERT ON bundles", "OperatorAdded")]
    public async Task What_was_written_down_and_could_not_be_stored_has_a_second_record_that_it_failed(string change, string action)
    {
        await using Fleet fleet = await Fleet.StartAsync();
        IFleet here = fleet.Server.Fleet;
        using CurveKeyPair key = await fleet.EnrolKeyAsync("web1", "shop");
        int before = (await OutcomesAsync(here, action)).Count;
        using (new BrokenDisk(fleet, change))
        {
            await RefusedAsync(action switch
            {
                "EnrollmentCreated" => here.EnrolAsync(new Enrol("web3", "shop", null, [], 0), default),
                "ClientRevoke" => here.DecideAsync(new DecideClient(ClientDecision.Revoke, "web1", null), default),
                _ => fleet.AddOperatorAsync("eve"),
            });
        }

        await fleet.Server.AuditLog.FlushAsync();
        // The newest comes first.
        Assert.Equal(["Failed", "Done"], (await OutcomesAsync(here, action)).SkipLast(before));
    }

    [Fact]
    public async Task What_is_done_with_the_root_key_has_one_record_and_so_has_what_is_refused()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddOperatorAsync("admin", administrator: true);
        var desk = new RootKeyDesk(fleet.Server.Authority, fleet.Server.Enrollments, fleet.Server.Audit);
        string file = Path.Combine(fleet.Root, "root.pem"), other = Path.Combine(fleet.Root, "other.pem");

        RootKeyInfo renewed = await desk.RenewAsync();
        await desk.ExportAsync(other, null, takeAway: false);
        Assert.Contains("It is there already", (await Assert.ThrowsAsync<PantryException>(() => desk.ExportAsync(other, null, takeAway: false))).Message, StringComparison.Ordinal);
        await desk.RenewAsync();
        await Assert.ThrowsAsync<PantryException>(() => desk.ImportAsync(other, null));
        await desk.ExportAsync(file, null, takeAway: true);
        await Assert.ThrowsAsync<PantryException>(desk.RenewAsync);
        await desk.ImportAsync(file, null);

        await fleet.Server.AuditLog.FlushAsync();
        Assert.Equal(["RootKeyOffline", "Done", "Done"], await OutcomesAsync(fleet.Server.Fleet, "RootKeyRenewed"));
        Assert.Equal(renewed.Fingerprint, (await TargetsAsync(fleet.Server.Fleet, "RootKeyRenewed"))[^1]);
        Assert.Equal(["StorageFailed", "Done"], await OutcomesAsync(fleet.Server.Fleet, "RootKeyExported"));
        Assert.Equal(["Done"], await OutcomesAsync(fleet.Server.Fleet, "RootKeyTakenOffline"));
        Assert.Equal(["Done", "ServerKeyMismatch"], await OutcomesAsync(fleet.Server.Fleet, "RootKeyImported"));
    }

    [Fact]
    public async Task A_refused_operator_leaves_one_record_that_says_why()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddOperatorAsync("deploy");

        var error = await Assert.ThrowsAsync<PantryException>(() => fleet.AddOperatorAsync("DEPLOY"));

        Assert.Contains("There is an operator 'deploy' already", error.Message, StringComparison.Ordinal);
        await fleet.Server.AuditLog.FlushAsync();
        Assert.Equal(["InvalidArgument", "Done"], await OutcomesAsync(fleet.Server.Fleet, "OperatorAdded"));
    }

    [Fact]
    public async Task A_bundle_names_in_the_audit_log_whom_it_adds_and_whom_it_revokes()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddOperatorAsync("deploy");
        TrustBundle without = fleet.Server.Authority.Bundle.Without("deploy", DateTimeOffset.UtcNow);

        await fleet.Server.Fleet.PutBundleAsync(Bundle(fleet, "late").ToBytes(), default);
        await fleet.Server.Fleet.PutBundleAsync(Signed(fleet, without with { Serial = without.Serial + 1 }).ToBytes(), default);

        Assert.Equal(["late", "deploy"], await TargetsAsync(fleet.Server.Fleet, "OperatorAdded"));
        Assert.Equal(["deploy", "late"], (await TargetsAsync(fleet.Server.Fleet, "OperatorRevoked")).Order());
    }

    [Fact]
    public async Task Operators_who_are_added_at_once_are_all_there_afterwards()
    {
        await using Fleet fleet = await Fleet.StartAsync();

        await Task.WhenAll(Enumerable.Range(0, 8).Select(number => fleet.AddOperatorAsync($"operator{number}")));

        Assert.Equal(9, fleet.Server.Authority.Bundle.Operators.Count);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1e300)]
    [InlineData(double.NaN)]
    public async Task A_time_that_is_none_is_refused(double seconds)
    {
        await using Fleet fleet = await Fleet.StartAsync();

        var error = await Assert.ThrowsAsync<PantryException>(() => fleet.Server.Fleet.EnrolAsync(new Enrol("web1", null, null, [], seconds), default));

        Assert.Equal(PantryErrorCode.InvalidArgument, error.Code);
        Assert.Empty(await ListAsync(fleet.Server.Fleet));
    }

    [Theory]
    [InlineData("web *")]
    [InlineData("web\u001b[31m*")]
    [InlineData("")]
    [InlineData("w*", 300)]
    public async Task A_pattern_has_only_what_names_have_and_wildcards(string pattern, int times = 1)
    {
        await using Fleet fleet = await Fleet.StartAsync();
        pattern = string.Concat(Enumerable.Repeat(pattern, times));

        var error = await Assert.ThrowsAsync<PantryException>(() => fleet.Server.Fleet.CreateTokenAsync(new CreateToken(pattern, null, null, [], 0), default));

        Assert.Equal(PantryErrorCode.InvalidName, error.Code);
        Assert.InRange(error.Message.Length, 1, 400);
    }

    private static SignedBundle Bundle(Fleet fleet, string operatorName)
    {
        using SigningKey signing = SigningKey.Generate();
        return Signed(fleet, fleet.Server.Authority.Bundle.With(Security.Operators.Entry(operatorName, signing.PublicKey, "*:*")));
    }

    private static SignedBundle Signed(Fleet fleet, TrustBundle bundle)
    {
        using SigningKey root = SigningKeyFile.Load(Path.Combine(fleet.Root, "server", "keys", "root.key"));
        return SignedBundle.Sign(bundle, root);
    }

    private static async Task RefusedAsync(Task decision) =>
        Assert.Equal(PantryErrorCode.StorageFailed, (await Assert.ThrowsAsync<PantryException>(() => decision)).Code);

    private static async Task<List<string>> OutcomesAsync(IFleet fleet, string action) =>
        await fleet.FindAuditAsync(new AuditFilter { Action = action }, default).Select(entry => entry.Outcome).ToListAsync();

    private static async Task<List<string?>> TargetsAsync(IFleet fleet, string action) =>
        await fleet.FindAuditAsync(new AuditFilter { Action = action }, default).Select(entry => entry.Target).ToListAsync();
}
