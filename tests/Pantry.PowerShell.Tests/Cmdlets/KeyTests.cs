using System.Management.Automation;
using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Cmdlets;

/// <summary>How keys of clients come to be trusted, and how they cease to be.</summary>
public sealed class KeyTests
{
    private const string AtServer = """
        $at = @{
            Server          = "127.0.0.1:$($server.ReceivePort)"
            PublishPort     = $server.PublishPort
            ServerPublicKey = $server.PublicKey
            Application     = 'shop'
            WarningAction   = 'SilentlyContinue'
        }
        """;

    [Fact]
    public void An_unknown_key_waits_and_says_what_to_do_and_the_same_object_shows_when_it_is_approved()
    {
        using Session session = WithServer();

        Outcome waiting = session.Run("($one = Register-PantryClient @at -Identity one -WarningAction Continue)");

        string fingerprint = waiting.Clean().Single().Text("Fingerprint");
        Assert.Equal(["Pending"], waiting.Texts("Status"));
        Assert.Contains($"Approve-PantryClient -Fingerprint {fingerprint}", Assert.Single(waiting.Warnings), StringComparison.Ordinal);
        PSObject? listed = session.Run("Get-PantryClient -Status Pending").Clean().Single();
        Assert.Equal(("one", "Pending", fingerprint), (listed.Text("Identity"), listed.Text("Status"), listed.Text("Fingerprint")));
        Assert.Equal(["ClientPending"], session.Run("Send-PantryCommand -Client one -Name Ping").ErrorIds);

        Assert.Equal(["one"], session.Run($"Approve-PantryClient -Fingerprint {fingerprint}").Texts("Identity"));

        session.Until("$one.Status -eq 'Approved'");
        session.Until("(Get-PantryClient one).Status -eq 'Online'");
        Assert.Equal(["Succeeded"], session.Run("Test-PantryClient one").Texts("Status"));
    }

    [Fact]
    public void Of_two_keys_with_one_name_the_pipeline_hits_the_one_it_brings_and_a_name_alone_is_refused()
    {
        using Session session = WithServer();
        session.Run("$first = Register-PantryClient @at -Identity one; $second = Register-PantryClient @at -Identity one").Clean();

        Assert.Equal(["InvalidArgument"], session.Run("Approve-PantryClient one").ErrorIds);
        session.Run("$null = Get-PantryClient -Status Pending | Where-Object Fingerprint -eq $second.Fingerprint | Approve-PantryClient").Clean();

        session.Until("$second.Status -eq 'Approved'");
        Assert.Equal("Pending", session.Run("$first.Status").Clean().Single()!.ToString());
        Assert.Equal(["IdentityInUse"], session.Run("Approve-PantryClient -Fingerprint $first.Fingerprint").ErrorIds);
    }

    [Fact]
    public void A_fingerprint_with_another_clients_name_decides_nothing()
    {
        using Session session = WithServer();
        session.Run("$one = Register-PantryClient @at -Identity one; $two = Register-PantryClient @at -Identity two").Clean();
        Assert.Equal(["InvalidArgument"], session.Run("Approve-PantryClient -Identity one -Fingerprint $two.Fingerprint").ErrorIds);
        Assert.Equal(["InvalidKey"], session.Run("Approve-PantryClient -Fingerprint abc").ErrorIds);
        Assert.Equal(["NoMatchingClient"], session.Run("Approve-PantryClient nobody").ErrorIds);
        Assert.Equal("NoTarget", session.Run("Approve-PantryClient").ErrorId);
        Assert.Empty(session.Run("Get-PantryClient nobody* | Approve-PantryClient").Clean());
        Assert.Equal(2, session.Run("Get-PantryClient -Status Pending").Clean().Count);
        session.Run("$null = [pscustomobject]@{ Fingerprint = $two.Fingerprint.ToUpper() } | Approve-PantryClient; $null = 'one' | Approve-PantryClient").Clean();
        session.Until("$one.Status -eq 'Approved' -and $two.Status -eq 'Approved'");
    }

    [Fact]
    public void A_key_that_was_denied_is_not_let_in_and_can_be_approved_after_all()
    {
        using Session session = WithServer();
        session.Run("$one = Register-PantryClient @at -Identity one -Path $root/one; $one | Deny-PantryClient -Confirm:$false").Clean();
        Assert.Equal(["Denied"], session.Run("Get-PantryClient one").Texts("Status"));

        session.Run("$one | Unregister-PantryClient -ErrorAction SilentlyContinue").Clean();
        Assert.Equal(["KeyDenied"], session.Run("Register-PantryClient @at -Identity one -Path $root/one").ErrorIds);

        session.Run("$null = Get-PantryClient one | Approve-PantryClient").Clean();
        Assert.Equal(["Approved"], session.Run("Register-PantryClient @at -Identity one -Path $root/one").Texts("Status"));
    }

    [Fact]
    public void A_revoked_client_hears_no_more_and_shows_as_revoked()
    {
        using Session session = Session.WithFleet("one shop", "two shop");

        PSObject? revoked = session.Run("Get-PantryClient one | Revoke-PantryClient -Confirm:$false -PassThru").Clean().Single();

        Assert.Equal(("one", "Revoked"), (revoked.Text("Identity"), revoked.Text("Status")));
        Assert.Equal(["two"], session.Run("Send-PantryCommand -All -Name Ping").Texts("Client"));
        Assert.Equal(["Revoked"], session.Run("Get-PantryClient one").Texts("Status"));
    }

    [Fact]
    public void A_removed_client_is_forgotten_and_stops()
    {
        using Session session = Session.WithFleet("one shop", "two shop");
        session.Run("'one' | Remove-PantryClient -Confirm:$false").Clean();
        Assert.Equal(["two"], session.Run("Get-PantryClient").Texts("Identity"));
        session.Run("$null = Register-PantryClient -Identity one -Application shop").Clean();
        Assert.Equal(["Succeeded"], session.Run("Test-PantryClient one").Texts("Status"));
    }

    [Theory]
    [InlineData("Approve", false)]
    [InlineData("Deny", true)]
    [InlineData("Revoke", true)]
    [InlineData("Remove", true)]
    public void Decisions_can_be_tried_and_those_that_take_away_ask(string verb, bool asks)
    {
        using Session session = WithServer();
        session.Run("$one = Register-PantryClient @at -Identity one").Clean();

        Assert.Empty(session.Run($"{verb}-PantryClient one -WhatIf").Clean());
        if (asks)
            Assert.NotNull(session.Run($"{verb}-PantryClient one").ErrorId); // Nobody is there to be asked.

        Assert.Equal(["Pending"], session.Run("Get-PantryClient one").Texts("Status"));
    }

    [Fact]
    public void A_token_lets_one_client_in_whose_name_matches()
    {
        using Session session = WithServer();
        PSObject? token = session.Run("($token = New-PantryEnrollmentToken 'web*' -Application shop -Environment live -Role web -ExpiresIn 600)").Clean().Single();
        Assert.Equal(("web*", "shop", "live"), (token.Text("Pattern"), token.Text("Application"), token.Text("Environment")));
        Assert.Equal(TimeSpan.FromMinutes(10), (DateTimeOffset)token.Value("ExpiresAt")! - (DateTimeOffset)token.Value("CreatedAt")!);

        Assert.Equal(["InvalidEnrollment"], session.Run("Register-PantryClient @at -Token $token.Token -Identity db1").ErrorIds);
        PSObject? client = session.Run("Register-PantryClient @at -Token $token.Token -Identity web1 -Environment live -Role web -RootPublicKey $server.RootKey.PublicKey").Clean().Single();

        Assert.Equal(("Approved", "shop shop.live shop.live.web"), (client.Text("Status"), client.Text("Streams")));
        Assert.Equal(["InvalidEnrollment"], session.Run("Register-PantryClient @at -Token $token.Token -Identity web2 -Environment live").ErrorIds);

        // A client that says nothing of itself becomes what the token says.
        session.Run("$token = New-PantryEnrollmentToken web3 -Application shop -Role web; $at.Remove('Application')").Clean();
        Assert.Equal(["shop shop.web"], session.Run("Register-PantryClient @at -Token $token.Token -Identity web3").Texts("Streams"));
    }

    [Fact]
    public void A_client_without_labels_is_warned_of_wherever_it_is_let_in()
    {
        using Session session = WithServer();
        session.Run("$at.Remove('Application'); $null = Register-PantryClient @at -Identity one").Clean();
        foreach (string line in new[] { "New-PantryEnrollment two", "New-PantryEnrollmentToken 'three*'", "Approve-PantryClient one" })
            Assert.Contains("every stream", Assert.Single(session.Run(line).Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Another_servers_key_or_another_root_key_is_refused()
    {
        using Session session = WithServer();
        session.Run("$at.ServerPublicKey = (New-PantryEnrollment x -Application y).PublicKey").Clean();
        Assert.Equal(["ServerKeyMismatch"], session.Run("Register-PantryClient @at -Identity one").ErrorIds);

        session.Run("$at.ServerPublicKey = $server.PublicKey; $token = New-PantryEnrollmentToken one -Application shop; $other = Start-PantryServer -Path $root/other -PublishPort 0 -ReceivePort 0 -FilePort 0").Clean();
        Assert.Equal(["ServerKeyMismatch"], session.Run("Register-PantryClient @at -Identity one -Token $token.Token -RootPublicKey $other.RootKey.PublicKey").ErrorIds);
        Assert.Equal(["InvalidKey"], session.Run("$at.ServerPublicKey = 'abc'; Register-PantryClient @at -Identity one").ErrorIds);
    }

    [Fact]
    public void A_client_that_was_let_in_needs_no_key_the_next_time_and_one_that_was_not_says_so()
    {
        using Session session = WithServer();
        session.Run("$null = New-PantryEnrollment one -Application shop | Register-PantryClient -Path $root/one").Clean();
        session.Run("$server | Stop-PantryServer; Remove-Module Pantry").Clean();
        session.Run($"Import-Module '{Places.Manifest}'; $server = Start-PantryServer -Path $root -PublishPort 0 -ReceivePort 0 -FilePort 0; {AtServer}; $at.Remove('ServerPublicKey')").Clean();

        Assert.Equal(["Approved"], session.Run("Register-PantryClient @at -Identity one -Path $root/one").Texts("Status"));
        Outcome stranger = session.Run("Register-PantryClient @at -Identity two");
        Assert.Equal(["InvalidEnrollment"], stranger.ErrorIds);
        Assert.Contains("-ServerPublicKey", stranger.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_enrolment_that_is_over_still_starts_the_client_that_used_it_and_no_other()
    {
        using Session session = Session.WithFleet();
        session.Run("$null = New-PantryEnrollment one -Application shop -ExpiresIn 8 -OutFile $root/one.enrollment").Clean();
        session.Run("$null = Register-PantryClient -EnrollmentFile $root/one.enrollment -Path $root/one").Clean();
        session.Until("[datetime]::UtcNow -gt [IO.File]::GetLastWriteTimeUtc(\"$root/one.enrollment\").AddSeconds(9)");
        session.Run("Remove-Module Pantry").Clean();
        session.Run($"Import-Module '{Places.Manifest}'; $server = Start-PantryServer -Path $root -PublishPort $server.PublishPort -ReceivePort $server.ReceivePort -FilePort 0").Clean();

        Assert.Equal(["Approved"], session.Run("Register-PantryClient -EnrollmentFile $root/one.enrollment -Path $root/one").Texts("Status"));
        Assert.Contains("was good until", session.Run("Register-PantryClient -EnrollmentFile $root/one.enrollment -Path $root/two").Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_client_runs_as_no_user_unless_it_was_allowed_to_and_its_directory_is_its_own()
    {
        using Session session = Session.WithFleet();
        session.Run("$one = Register-PantryClient -Identity one -Application shop -Path $root/one -AllowedUser nobody").Clean();
        Assert.Equal(Path.Combine(session.Root, "one"), session.Run("$one.Path").Clean().Single()!.ToString());
        Assert.Equal(["RootInUse"], session.Run("Register-PantryClient -Identity two -Application shop -Path $root/one").ErrorIds);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(session.Root, "one", "client.key")));
    }

    [Fact]
    public void A_configuration_file_says_where_the_client_keeps_its_data_and_what_it_allows()
    {
        using Session session = WithServer();
        session.Run("""
            [IO.File]::WriteAllText("$root/client.yml", "networking:`n  server_host: 127.0.0.1`n  pub_sub_port: $($server.PublishPort)`n  receive_port: $($server.ReceivePort)`n  server_key: '$($server.PublicKey)'`nclient:`n  identity: filed`n  application: shop`n  allowed_commands: [Ping]`n  path: $root/filed`n")
            $token = New-PantryEnrollmentToken filed -Application shop
            $PSDefaultParameterValues.Clear()
            $filed = Register-PantryClient -ConfigurationFile "$root/client.yml" -Token $token.Token
            """).Clean();
        Assert.Equal(("Approved", Path.Combine(session.Root, "filed")), (session.Run("$filed").Texts("Status").Single(), session.Run("$filed").Texts("Path").Single()));
        Assert.Equal(["Denied"], session.Run("Send-PantryCommand -Client filed -ShellCommand hostname").Texts("Status"));
    }

    private static Session WithServer()
    {
        Session session = Session.WithFleet();
        session.Run(AtServer).Clean();
        return session;
    }
}
