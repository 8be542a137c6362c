using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Cmdlets;

/// <summary>Enrolments and tokens that wait for their client.</summary>
public sealed class EnrollmentTests
{
    private const string Making = """
        $e = New-PantryEnrollment web1 -Application shop -Environment live -Role web
        $t = New-PantryEnrollmentToken 'db*' -Application shop -ExpiresIn 3600
        """;

    [Fact]
    public void Open_ones_are_listed_and_with_all_those_that_were_used_too()
    {
        using Session session = Session.WithFleet("one shop");
        session.Run(Making).Clean();

        Assert.Equal(["Enrollment", "Token"], session.Run("Get-PantryEnrollment").Texts("Kind"));
        Assert.Equal(["Used", "Open", "Open"], session.Run("Get-PantryEnrollment -All").Texts("Status"));
        Assert.Equal(["one", "web1", ""], session.Run("Get-PantryEnrollment -All").Texts("Identity").Select(name => name ?? ""));
        Assert.Equal(["db*"], session.Run("Get-PantryEnrollment -Kind Token").Texts("Pattern"));
        Assert.Equal(["local", "local"], session.Run("$e, $t | Get-PantryEnrollment").Texts("CreatedBy"));
        Assert.Equal(["web1"], session.Run("Get-PantryEnrollment ($e.Id.Substring(0, 31) + '?') -Kind Enrollment").Texts("Identity"));
        Assert.Equal(["True"], session.Run("(Get-PantryEnrollment -All | Where-Object Status -eq Used).UsedBy -eq (Get-PantryClient one).Fingerprint | ForEach-Object { [pscustomobject]@{ Same = $_ } }").Texts("Same"));
        Assert.Empty(session.Run("Get-PantryEnrollment no*").Clean());
        Outcome missing = session.Run("Get-PantryEnrollment (Get-PantryEnrollment -All | Where-Object Status -eq Used).Id");
        Assert.Equal(["NoMatchingEnrollment"], missing.ErrorIds);
        string shown = string.Join('\n', session.Run("Get-PantryEnrollment -All").Clean().SelectMany(listed => listed!.Properties).Select(property => property.Value));
        Assert.DoesNotContain(session.Run("$t.Token").Clean().Single()!.ToString(), shown, StringComparison.Ordinal);
        Assert.DoesNotContain(session.Run("$e.PublicKey").Clean().Single()!.ToString(), shown, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("New-PantryEnrollment web1 -ExpiresIn ([timespan]::FromHours(-1))", "ExpiresIn")]
    [InlineData("New-PantryEnrollment web1 -ExpiresIn '-01:00:00'", "ExpiresIn")]
    [InlineData("New-PantryEnrollment web1 -ExpiresIn ([timespan]::MaxValue)", "ExpiresIn")]
    [InlineData("New-PantryEnrollmentToken 'web*' -ExpiresIn 0", "ExpiresIn")]
    [InlineData("New-PantryOperator eve -Scope '*:*' -OutFile $HOME/never -ExpiresIn ([timespan]::MaxValue)", "ExpiresIn")]
    [InlineData("Send-PantryCommand -All -Name Ping -Timeout ([timespan]::FromSeconds(-1))", "Timeout")]
    [InlineData("Send-PantryCommand -All -Name Ping -DeliveryTimeout ([timespan]::Zero)", "DeliveryTimeout")]
    [InlineData("Send-PantryCommand -All -Name Ping -ValidFor -5", "ValidFor")]
    public void A_span_that_is_no_time_to_wait_for_is_refused_with_the_parameters_name(string command, string parameter)
    {
        using Session session = Session.WithFleet();

        Outcome outcome = session.Run(command);

        Assert.StartsWith("ParameterArgumentTransformationError", outcome.ErrorId, StringComparison.Ordinal);
        Assert.Contains($"'{parameter}'", outcome.Message, StringComparison.Ordinal);
        Assert.Contains("at most 3650 days", outcome.Message, StringComparison.Ordinal);
        Assert.Empty(session.Run("Get-PantryEnrollment").Clean());
    }

    [Fact]
    public void A_file_that_cannot_be_written_leaves_no_open_enrolment()
    {
        using Session session = Session.WithFleet();

        Outcome outcome = session.Run("New-PantryEnrollment web1 -OutFile ([IO.Path]::Combine([IO.Path]::GetTempPath(), 'no-such-directory-here', 'web1.enrollment'))");

        Assert.Equal(["InvalidArgument"], outcome.ErrorIds.Select(id => id.Split(',')[0]));
        Assert.Empty(session.Run("Get-PantryEnrollment -All").Clean());
    }

    [Theory]
    [InlineData("$e, $t | Revoke-PantryEnrollment -PassThru")]
    [InlineData("Get-PantryEnrollment | Revoke-PantryEnrollment -PassThru")]
    [InlineData("Revoke-PantryEnrollment $e.Id, $t.Id -PassThru")]
    [InlineData("Revoke-PantryEnrollment -Id $e, $t -PassThru")]
    [InlineData("$e.Id, $t.Id | Revoke-PantryEnrollment -PassThru")]
    [InlineData("[pscustomobject]@{ Id = $e.Id }, [pscustomobject]@{ Id = $t.Id } | Revoke-PantryEnrollment -PassThru")]
    public void Whatever_names_them_withdraws_them_and_they_let_nobody_in(string withdrawing)
    {
        using Session session = Session.WithFleet();
        session.Run(Making).Clean();

        Assert.Equal(["Withdrawn", "Withdrawn"], session.Run(withdrawing).Texts("Status"));

        Assert.Empty(session.Run("Get-PantryEnrollment").Clean());
        Assert.Equal(["InvalidEnrollment"], session.Run("$e | Register-PantryClient").ErrorIds);
        Outcome refused = session.Run("""
            Register-PantryClient -Server "127.0.0.1:$($server.ReceivePort)" -PublishPort $server.PublishPort -ServerPublicKey $server.PublicKey -Token $t.Token -Identity db1
            """);
        Assert.Equal(["InvalidEnrollment"], refused.ErrorIds);
        Assert.Equal(["InvalidEnrollment"], session.Run("$e | Revoke-PantryEnrollment").ErrorIds);
        Assert.Equal(["EnrollmentWithdrawn"], session.Run("Get-PantryAuditLog Enrollment*W*").Texts("Action"));
        Assert.Equal(["EnrollmentWithdrawn", "TokenWithdrawn"], session.Run("Get-PantryAuditLog *Withdrawn").Texts("Action").Order());
    }

    [Fact]
    public void A_withdrawal_can_be_tried_and_says_nothing_and_what_is_not_there_is_an_error()
    {
        using Session session = Session.WithFleet();
        session.Run(Making).Clean();

        Assert.Empty(session.Run("$e, $t | Revoke-PantryEnrollment -WhatIf").Clean());
        Assert.Equal(["Open", "Open"], session.Run("Get-PantryEnrollment").Texts("Status"));
        Assert.Empty(session.Run("$e | Revoke-PantryEnrollment").Clean());
        Assert.Equal(["NoMatchingEnrollment"], session.Run("Revoke-PantryEnrollment nothing").ErrorIds);
        Assert.Equal(["Token"], session.Run("Get-PantryEnrollment").Texts("Kind"));
    }

    [Fact]
    public void An_operator_elsewhere_lists_and_withdraws_and_only_as_an_administrator()
    {
        using Session here = Session.WithFleet();
        here.Run(Making).Clean();
        using Session admin = Session.Open();
        admin.Run($"$null = {here.Connecting("admin")}").Clean();
        using Session worker = Session.Open();
        worker.Run($"$null = {here.Connecting("worker", administrator: false)}").Clean();

        Assert.Equal("OutOfScope", worker.Run("Get-PantryEnrollment").ErrorId);
        Assert.Equal(["OutOfScope"], worker.Run($"Revoke-PantryEnrollment {here.Run("$e.Id").Clean().Single()}").ErrorIds);
        Assert.Equal(["Withdrawn"], admin.Run("Get-PantryEnrollment -Kind Enrollment | Revoke-PantryEnrollment -PassThru").Texts("Status"));
        Assert.Equal(["admin"], here.Run("Get-PantryEnrollment $e -All").Texts("WithdrawnBy"));
    }

    [Fact]
    public void A_new_root_key_warns_of_the_enrolments_that_it_withdraws()
    {
        using Session session = Session.WithFleet("one shop");
        session.Run(Making).Clean();

        Outcome renewed = session.Run("New-PantryRootKey -Confirm:$false");

        Assert.Equal(["2"], renewed.Texts("WithdrawnEnrollments"));
        Assert.Contains("2 of them were withdrawn", Assert.Single(renewed.Warnings), StringComparison.Ordinal);
        Assert.Equal(["the fleet has a new root key", "the fleet has a new root key"], session.Run("$e, $t | Get-PantryEnrollment -All").Texts("WithdrawnWhy"));
        Outcome refused = session.Run("$e | Register-PantryClient");
        Assert.Equal(["InvalidEnrollment"], refused.ErrorIds);
        Outcome again = session.Run("New-PantryRootKey -Confirm:$false");
        Assert.Equal(["0"], again.Texts("WithdrawnEnrollments"));
        Assert.Empty(again.Warnings);
    }

    [Fact]
    public void A_root_key_that_is_taken_offline_warns_of_the_enrolments_whose_maker_goes_with_it()
    {
        using Session session = Session.WithFleet("one shop");
        session.Run(Making).Clean();
        session.Connecting("admin");

        Outcome offline = session.Run("Export-PantryRootKey $root/root.key -TakeOffline -Confirm:$false");

        Assert.Equal(["2"], offline.Texts("OrphanedEnrollments"));
        Assert.Contains("2 of the enrolments and tokens it made were not used yet and let nobody in any more", Assert.Single(offline.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_token_fills_in_what_its_client_leaves_unsaid()
    {
        using Session session = Session.WithFleet();
        session.Run("$t = New-PantryEnrollmentToken 'web*' -Application shop -Environment live -Role web").Clean();

        Outcome client = session.Run("""
            $at = @{ Server = "127.0.0.1:$($server.ReceivePort)"; PublishPort = $server.PublishPort; ServerPublicKey = $server.PublicKey; Identity = 'web1'; Path = "$root/web1" }
            Register-PantryClient @at -Token $t.Token -Application shop
            """);

        Assert.Equal(["Approved"], client.Texts("Status"));
        Assert.Equal("shop shop.live shop.live.web", session.Run("(Get-PantryClient web1).Streams -join ' '").Clean().Single()!.ToString());
    }
}
