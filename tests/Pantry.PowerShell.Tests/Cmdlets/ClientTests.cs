using System.Management.Automation;
using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Cmdlets;

public sealed class ClientTests
{
    [Fact]
    public void An_enrolment_goes_through_the_pipeline_into_a_client()
    {
        using Session session = Session.WithFleet();

        PSObject? client = Assert.Single(session.Run(
            "New-PantryEnrollment -Identity app.host -Application pantry -Environment test -Role web, db | Register-PantryClient").Clean());

        Assert.Equal(("app.host", "pantry", "test", "Approved", "Running"),
            (client.Text("Identity"), client.Text("Application"), client.Text("Environment"), client.Text("Status"), client.Text("Link")));
        Assert.Equal("pantry pantry.test pantry.test.web pantry.test.db", client.Text("Streams"));
    }

    [Fact]
    public void An_enrolment_goes_through_a_file_that_only_its_owner_can_read()
    {
        using Session session = Session.WithFleet();
        session.Run("$null = New-PantryEnrollment -Identity one -Application shop -OutFile \"$root/one.json\"").Clean();

        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(session.Root, "one.json")));
        Assert.Equal("one", Assert.Single(session.Run("Register-PantryClient -EnrollmentFile \"$root/one.json\"").Clean()).Text("Identity"));
        Assert.Equal("InvalidArgument", session.Run("New-PantryEnrollment -Identity one -OutFile \"$root/one.json\"").ErrorId);
        session.Run("$null = New-PantryEnrollment -Identity one -OutFile \"$root/one.json\" -Force").Clean();

        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(Path.Combine(session.Root, "one.json"), UnixFileMode.UserRead | UnixFileMode.GroupRead);
            Assert.Equal(["InsecureFile"], session.Run("Register-PantryClient -EnrollmentFile \"$root/one.json\"").ErrorIds);
        }
    }

    [Fact]
    public void A_configuration_file_makes_a_client()
    {
        using Session session = Session.WithFleet();
        session.Run("""
            [IO.File]::WriteAllText("$root/client.yml", "networking:`n  server_host: 127.0.0.1`n  pub_sub_port: $($server.PublishPort)`n  receive_port: $($server.ReceivePort)`n  server_key: '$($server.PublicKey)'`nclient:`n  identity: filed`n  application: shop`n  roles: [web]`n  facts: { rack: r7 }`n")
            $null = Register-PantryClient -ConfigurationFile "$root/client.yml" -WarningAction SilentlyContinue | Approve-PantryClient
            """).Clean();
        session.Until("(Get-PantryClient filed).Status -eq 'Online'");

        PSObject? client = Assert.Single(session.Run("Get-PantryClient filed").Clean());

        Assert.Equal(("shop", "web"), (client.Text("Application"), client.Text("Roles")));
        Assert.Equal("r7", Assert.Single(session.Run("(Get-PantryClient filed).Facts.Custom['rack']").Clean())!.ToString());
    }

    [Fact]
    public void A_client_with_nothing_set_hears_every_stream_and_is_told_so()
    {
        using Session session = Session.WithFleet();

        Outcome outcome = session.Run("Register-PantryClient -Identity lonely");

        Assert.Contains("every stream", Assert.Single(outcome.Warnings), StringComparison.Ordinal);
        Assert.Equal("*", Assert.Single(outcome.Clean()).Text("Streams"));
    }

    [Fact]
    public void An_enrolments_word_cannot_be_overridden()
    {
        using Session session = Session.WithFleet();
        Assert.Equal(["InvalidEnrollment"], session.Run("New-PantryEnrollment a -Application shop | Register-PantryClient -Application mail").ErrorIds);
        Assert.Equal(["InvalidEnrollment"], session.Run("New-PantryEnrollment a | Register-PantryClient -Identity b").ErrorIds);
    }

    [Fact]
    public void A_bad_name_is_refused_wherever_it_is_given()
    {
        using Session session = Session.WithFleet();
        Assert.Equal(["InvalidName"], session.Run("New-PantryEnrollment -Identity '../etc'").ErrorIds);
        Assert.Equal(["InvalidName"], session.Run("Register-PantryClient -Identity 'a b'").ErrorIds);
        Assert.Equal("InvalidName", session.Run("Send-PantryCommand -Stream 'a..b' -Name Ping").ErrorId);
        Assert.Equal("InvalidName", session.Run("Get-PantryClient -Stream ' '").ErrorId);
        Assert.Equal("InvalidName", session.Run("Register-PantryCommand '-x' { }").ErrorId);
    }

    [Fact]
    public void An_identity_in_use_is_an_error_and_the_first_client_stays()
    {
        using Session session = Session.WithFleet("one shop");
        Assert.Equal(["IdentityInUse"], session.Run("Register-PantryClient -Identity ONE -Application shop").ErrorIds);
        Assert.Equal(["Succeeded"], session.Run("Test-PantryClient -Client one").Texts("Status"));
    }

    [Fact]
    public void Lists_are_filtered_by_what_clients_are_for()
    {
        using Session session = Session.WithFleet("web1 shop live web", "web2 shop test web+cache", "mx1 mail live mx");
        Assert.Equal(["mx1", "web1", "web2"], session.Run("Get-PantryClient").Texts("Identity"));
        Assert.Equal(["web1", "web2"], session.Run("Get-PantryClient web*").Texts("Identity"));
        Assert.Equal(["web1", "web2"], session.Run("Get-PantryClient -Application s*").Texts("Identity"));
        Assert.Equal(["mx1", "web1"], session.Run("Get-PantryClient -Environment live").Texts("Identity"));
        Assert.Equal(["web2"], session.Run("Get-PantryClient -Role cache").Texts("Identity"));
        Assert.Equal(["web1"], session.Run("Get-PantryClient -Stream shop.live").Texts("Identity"));
        Assert.Empty(session.Run("Get-PantryClient -Status Offline").Clean());
        Assert.Empty(session.Run("Get-PantryClient nothing*").Clean());

        Outcome literal = session.Run("Get-PantryClient web1, nobody");
        Assert.Equal(["web1"], literal.Texts("Identity"));
        Assert.Equal(["NoMatchingClient"], literal.ErrorIds);
        Assert.Equal(ErrorCategory.ObjectNotFound, literal.Errors[0].CategoryInfo.Category);
    }

    [Fact]
    public void Unregistering_takes_a_client_off_the_list_and_an_unknown_one_is_an_error()
    {
        using Session session = Session.WithFleet("one shop", "two shop", "three shop");

        Outcome outcome = session.Run("Get-PantryClient one, two | Unregister-PantryClient; Unregister-PantryClient nobody");

        Assert.Equal(["NoMatchingClient"], outcome.ErrorIds);
        Assert.Equal(["three"], session.Run("Get-PantryClient").Texts("Identity"));
        session.Run("Unregister-PantryClient three -WhatIf").Clean();
        Assert.Single(session.Run("Get-PantryClient").Clean());
    }

    [Fact]
    public void A_ping_says_who_answers_and_how_fast()
    {
        using Session session = Session.WithFleet("one shop", "two shop");

        Outcome outcome = session.Run("Test-PantryClient -Client one, two, nobody");

        Assert.Equal(["one", "two"], outcome.Output.Where(ping => ping.Text("Status") == "Succeeded").Select(ping => ping.Text("Client")).Order());
        Assert.All(outcome.Output.Where(ping => ping.Text("Status") == "Succeeded"), ping => Assert.InRange((TimeSpan)ping.Value("RoundTrip")!, TimeSpan.Zero, Session.Deadline));
        Assert.Equal(["UnknownClient"], outcome.ErrorIds);
    }

    [Fact]
    public void Parameter_sets_do_not_mix()
    {
        using Session session = Session.WithFleet();
        Assert.StartsWith("AmbiguousParameterSet", session.Run("Register-PantryClient -Server a -ConfigurationFile b").ErrorId, StringComparison.Ordinal);
        Assert.StartsWith("AmbiguousParameterSet", session.Run("Send-PantryCommand -ScriptBlock { } -ShellCommand x -All").ErrorId, StringComparison.Ordinal);
        Assert.StartsWith("AmbiguousParameterSet", session.Run("Send-PantryCommand -Name Ping -WorkingDirectory / -All").ErrorId, StringComparison.Ordinal);
    }
}
