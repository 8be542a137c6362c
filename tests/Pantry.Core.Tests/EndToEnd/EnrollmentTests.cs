using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server;
using Pantry.Sessions;
using Pantry.Storage;
using Pantry.Tests.Faults;

namespace Pantry.Tests.EndToEnd;

/// <summary>Enrolments and tokens from the day they are made to the day they are forgotten.</summary>
public sealed class EnrollmentTests
{
    [Fact]
    public async Task Open_enrolments_and_tokens_are_listed_and_with_all_those_that_are_over_too_and_nothing_of_a_secret()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await using RemoteFleet console = await fleet.ConnectAsync();
        Enrollment open = await console.EnrolAsync(new Enrol("web1", "shop", "live", ["web"], 0), default);
        Enrollment used = await console.EnrolAsync(new Enrol(null, "shop", null, [], 0), default);
        EnrollmentToken token = await console.CreateTokenAsync(new CreateToken("db*", null, "live", ["db"], 0), default);
        Enrollment expired = await console.EnrolAsync(new Enrol("late", "shop", null, [], 0.001), default);
        using CurveKeyPair own = CurveKeyPair.Generate();
        Assert.Null(Redeem(fleet, used, own, "any1"));

        List<EnrollmentInfo> listed = await ListAsync(console);
        List<EnrollmentInfo> all = await ListAsync(console, new EnrollmentFilter { All = true });

        Assert.Equal([open.Id, token.Id], listed.Select(info => info.Id));
        EnrollmentInfo first = listed[0], second = listed[1];
        Assert.Equal(
            (EnrollmentKind.Enrollment, "web1", null, "shop", "live", "web", console.Operator, EnrollmentStatus.Open, open.CreatedAt, open.ExpiresAt, null, null),
            (first.Kind, first.Identity, first.Pattern, first.Application, first.Environment, Assert.Single(first.Roles), first.CreatedBy, first.Status, first.CreatedAt, first.ExpiresAt,
                first.UsedAt, first.UsedBy));
        Assert.Equal((EnrollmentKind.Token, null, "db*", null, "live", "db"), (second.Kind, second.Identity, second.Pattern, second.Application, second.Environment, Assert.Single(second.Roles)));
        Assert.Equal([EnrollmentStatus.Open, EnrollmentStatus.Used, EnrollmentStatus.Open, EnrollmentStatus.Expired], all.Select(info => info.Status));
        Assert.Equal((used.Id, own.PublicKey.Fingerprint), (all[1].Id, all[1].UsedBy));
        Assert.NotNull(all[1].UsedAt);
        Assert.Equal(expired.Id, all[3].Id);
        Assert.Equal([token.Id], (await ListAsync(console, new EnrollmentFilter { Kind = EnrollmentKind.Token })).Select(info => info.Id));
        Assert.Equal([open.Id], (await ListAsync(console, new EnrollmentFilter { Ids = [open.Id[..^4] + "*", "nothing"], Kind = EnrollmentKind.Enrollment })).Select(info => info.Id).Take(1));
        string text = string.Join('\n', all);
        foreach (string secret in (string[])[open.SecretKey, open.PublicKey, token.Token, Convert.ToHexString(TokenGrant.HashOf(token.Token)), Convert.ToBase64String(TokenGrant.HashOf(token.Token))])
            Assert.DoesNotContain(secret, text, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_long_list_comes_in_pages_to_its_end()
    {
        await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { ClientPageSize = 3 });
        await using RemoteFleet console = await fleet.ConnectAsync();
        for (int i = 0; i < 10; i++)
            await fleet.Server.Fleet.EnrolAsync(new Enrol($"web{i}", "shop", null, [], 0), default);

        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"web{i}"), (await ListAsync(console)).Select(info => info.Identity!));
    }

    [Fact]
    public async Task Only_an_administrator_lists_and_withdraws()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        Enrollment enrollment = await fleet.Server.Fleet.EnrolAsync(new Enrol("web1", "shop", null, [], 0), default);
        await using RemoteFleet clerk = await RemoteFleet.ConnectAsync(await fleet.AddOperatorAsync("clerk", false, "*:*"), options: fleet.Options);

        Assert.Equal(PantryErrorCode.OutOfScope, (await Assert.ThrowsAsync<PantryException>(() => ListAsync(clerk))).Code);
        Assert.Equal(PantryErrorCode.OutOfScope, (await Assert.ThrowsAsync<PantryException>(() => clerk.WithdrawEnrollmentAsync(enrollment.Id, default))).Code);

        Assert.Equal(EnrollmentStatus.Open, Assert.Single(await ListAsync(fleet.Server.Fleet)).Status);
        await fleet.Server.AuditLog.FlushAsync();
        Assert.Equal(
            ["ListEnrollments", "WithdrawEnrollment"],
            fleet.Server.AuditLog.Query(new AuditQuery { Actor = "clerk", Outcome = "OutOfScope" }).Select(record => record.Action));
    }

    [Fact]
    public async Task A_withdrawn_enrolment_lets_nobody_in_and_says_who_withdrew_it_even_after_a_restart()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        string name;
        Enrollment enrollment = await fleet.Server.Fleet.EnrolAsync(new Enrol("web1", "shop", null, [], 0), default);
        EnrollmentToken token = await fleet.Server.Fleet.CreateTokenAsync(new CreateToken("web*", "shop", null, [], 0), default);
        await using (RemoteFleet console = await fleet.ConnectAsync())
        {
            name = console.Operator;
            EnrollmentInfo withdrawn = await console.WithdrawEnrollmentAsync(enrollment.Id.ToUpperInvariant(), default);
            Assert.Equal((enrollment.Id, EnrollmentStatus.Withdrawn, name, null), (withdrawn.Id, withdrawn.Status, withdrawn.WithdrawnBy, withdrawn.WithdrawnWhy));
            await console.WithdrawEnrollmentAsync(token.Id, default);
        }

        await fleet.RestartServerAsync();
        using CurveKeyPair own = CurveKeyPair.Generate();
        foreach (Refused refused in (Refused[])[Redeem(fleet, enrollment, own, "web1")!, Register(fleet, token.Token, own, "web1")!])
        {
            Assert.Equal(nameof(PantryErrorCode.InvalidEnrollment), refused.Code);
            Assert.Matches($"The (enrolment|token) '[0-9a-f]+' was withdrawn at .* by '{name}'", refused.Message);
        }

        Assert.Empty(await fleet.Server.Fleet.FindClientsAsync(new ClientFilter(), default).ToListAsync());
        Assert.Empty(await ListAsync(fleet.Server.Fleet));
        Assert.All(await ListAsync(fleet.Server.Fleet, new EnrollmentFilter { All = true }), info => Assert.Equal((EnrollmentStatus.Withdrawn, null), (info.Status, info.UsedBy)));
        await fleet.Server.AuditLog.FlushAsync();
        Assert.Equal(
            [("EnrollmentWithdrawn", "web1"), ("TokenWithdrawn", "web*")],
            fleet.Server.AuditLog.Query(new AuditQuery { Actor = name, Action = "*Withdrawn" }).Select(record => (record.Action, record.Target!)));
    }

    [Fact]
    public async Task What_is_not_open_is_not_withdrawn_and_the_error_says_what_became_of_it()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        IFleet here = fleet.Server.Fleet;
        Enrollment used = await here.EnrolAsync(new Enrol("web1", "shop", null, [], 0), default);
        Enrollment expired = await here.EnrolAsync(new Enrol("web2", "shop", null, [], 0.001), default);
        Enrollment twice = await here.EnrolAsync(new Enrol("web3", "shop", null, [], 0), default);
        using CurveKeyPair own = CurveKeyPair.Generate();
        Assert.Null(Redeem(fleet, used, own, "web1"));
        await here.WithdrawEnrollmentAsync(twice.Id, default);
        async Task RefusedAsync(PantryErrorCode code, string id, string why)
        {
            var error = await Assert.ThrowsAsync<PantryException>(() => here.WithdrawEnrollmentAsync(id, default));
            Assert.Equal(code, error.Code);
            Assert.Contains(why, error.Message, StringComparison.Ordinal);
        }

        await RefusedAsync(PantryErrorCode.InvalidEnrollment, used.Id, $"Revoke-PantryClient -Fingerprint {own.PublicKey.Fingerprint}");
        await RefusedAsync(PantryErrorCode.InvalidEnrollment, expired.Id, "was good until");
        await RefusedAsync(PantryErrorCode.InvalidEnrollment, twice.Id, "was withdrawn at");
        await RefusedAsync(PantryErrorCode.NoMatchingEnrollment, "nothing", "Get-PantryEnrollment");
        Assert.NotNull(fleet.Server.Registry.Find("web1"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_an_operator_made_who_is_gone_lets_nobody_in_and_is_not_used_up(bool sameNameAgain)
    {
        await using Fleet fleet = await Fleet.StartAsync();
        Enrollment enrollment;
        EnrollmentToken token;
        await using (RemoteFleet mary = await RemoteFleet.ConnectAsync(await fleet.AddOperatorAsync("mary", administrator: true), options: fleet.Options))
        {
            enrollment = await mary.EnrolAsync(new Enrol("web1", "shop", null, [], 0), default);
            token = await mary.CreateTokenAsync(new CreateToken("web*", "shop", null, [], 0), default);
        }

        await fleet.Server.Fleet.RevokeOperatorAsync("mary", default);
        if (sameNameAgain)
            await fleet.AddOperatorAsync("mary", administrator: true);
        using CurveKeyPair own = CurveKeyPair.Generate();
        foreach (Refused refused in (Refused[])[Redeem(fleet, enrollment, own, "web1")!, Register(fleet, token.Token, own, "web1")!])
        {
            Assert.Equal(nameof(PantryErrorCode.InvalidEnrollment), refused.Code);
            Assert.Contains("was made by 'mary', who may not administer the fleet any more", refused.Message, StringComparison.Ordinal);
        }

        Assert.Null(fleet.Server.Registry.Find("web1"));
        Assert.Empty(await ListAsync(fleet.Server.Fleet));
        Assert.Equal(
            [(EnrollmentStatus.Orphaned, null), (EnrollmentStatus.Orphaned, null)],
            (await ListAsync(fleet.Server.Fleet, new EnrollmentFilter { All = true })).Select(info => (info.Status, info.UsedBy)));
        await fleet.Server.AuditLog.FlushAsync();
        Assert.Contains(fleet.Server.AuditLog.Query(new AuditQuery()), record => record.Action == "Refuse" && record.Outcome == nameof(PantryErrorCode.InvalidEnrollment));
    }

    [Fact]
    public async Task A_maker_who_is_no_administrator_any_more_or_whose_time_is_over_lets_nobody_in_and_the_servers_own_operator_does_until_it_is_revoked()
    {
        var clock = new JumpClock();
        await using Fleet fleet = await Fleet.StartAsync(time: clock);
        IFleet here = fleet.Server.Fleet;
        Authority authority = fleet.Server.Authority;
        await using RemoteFleet console = await fleet.ConnectAsync();
        using CurveKeyPair session = CurveKeyPair.Generate();
        using SigningKey signing = SigningKey.Generate();
        string fingerprint = Fingerprint.Of(signing.PublicKey.Bytes);
        DateTimeOffset soon = clock.GetUtcNow().AddHours(1);
        await here.AddOperatorAsync(new AddOperator("brief", session.PublicKey.ToString(), signing.PublicKey.Bytes.ToArray(), ["*:*"], true, soon), default);
        Assert.True(authority.MayAdminister("brief", fingerprint));
        await fleet.AddOperatorAsync("clerk", administrator: false);

        Assert.False(authority.MayAdminister("clerk", null));
        Assert.False(authority.MayAdminister("brief", Fingerprint.Of(session.PublicKey.Bytes)));
        clock.Jump(TimeSpan.FromHours(1));
        Assert.False(authority.MayAdminister("brief", fingerprint));
        Enrollment local = await here.EnrolAsync(new Enrol("web1", "shop", null, [], 0), default), other = await here.EnrolAsync(new Enrol("web2", "shop", null, [], 0), default);
        using CurveKeyPair first = CurveKeyPair.Generate(), second = CurveKeyPair.Generate();
        Assert.Null(Redeem(fleet, local, first, "web1"));
        await console.RevokeOperatorAsync(Authority.LocalOperator, default);
        Assert.Contains("was made by 'local'", Redeem(fleet, other, second, "web2")!.Message, StringComparison.Ordinal);
        // The answer to one that was used may be asked for again all the same.
        Assert.Null(Redeem(fleet, local, first, "web1"));
    }

    [Fact]
    public async Task The_key_of_an_enrolment_never_comes_as_a_client()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        Enrollment enrollment = await fleet.Server.Fleet.EnrolAsync(new Enrol("web1", "shop", null, [], 0), default);
        EnrollmentToken token = await fleet.Server.Fleet.CreateTokenAsync(new CreateToken("web*", "shop", null, [], 0), default);
        using CurveKeyPair pair = CurveKeyPair.TryParseSecret(enrollment.SecretKey)!, own = CurveKeyPair.Generate();
        for (int attempt = 0; attempt < 2; attempt++)
        {
            foreach (string? secret in (string?[])[null, token.Token])
            {
                Refused refused = Register(fleet, secret, pair, "web1")!;
                Assert.Equal(nameof(PantryErrorCode.InvalidEnrollment), refused.Code);
                Assert.Contains($"is that of the enrolment '{enrollment.Id}'", refused.Message, StringComparison.Ordinal);
            }

            Assert.DoesNotContain(
                await fleet.Server.Fleet.FindClientsAsync(new ClientFilter(), default).ToListAsync(), client => client.Fingerprint == pair.PublicKey.Fingerprint);
            // Not after it was used either.
            Assert.Null(Redeem(fleet, enrollment, own, "web1"));
        }

        await fleet.Server.AuditLog.FlushAsync();
        Assert.Contains(
            fleet.Server.AuditLog.Query(new AuditQuery()),
            record => record.Outcome == nameof(PantryErrorCode.InvalidEnrollment) && record.Key == pair.PublicKey.Fingerprint);
    }

    /// <summary>Why the server refused; null where it did not.</summary>
    internal static Refused? Redeem(Fleet fleet, Enrollment enrollment, CurveKeyPair key, string identity)
    {
        using CurveKeyPair pair = CurveKeyPair.TryParseSecret(enrollment.SecretKey)!;
        using RawPeer peer = RawPeer.Connect(fleet.Server.ReceivePort, pair, fleet.Server.PublicKey, SessionRole.Enrollee);
        peer.Send(new Message(MessageKind.Redeem, new Redeem(key.PublicKey.ToString(), identity), 1));
        return peer.Receive().Head as Refused;
    }

    internal static Refused? Register(Fleet fleet, string? token, CurveKeyPair key, string identity)
    {
        using RawPeer peer = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey);
        peer.Send(new Message(MessageKind.Register, Fleet.NewRegister(identity, "shop") with { Token = token }, 1));
        return peer.Receive().Head as Refused;
    }

    internal static Task<List<EnrollmentInfo>> ListAsync(IFleet fleet, EnrollmentFilter? filter = null) =>
        fleet.FindEnrollmentsAsync(filter ?? new EnrollmentFilter(), default).ToListAsync().AsTask();
}
