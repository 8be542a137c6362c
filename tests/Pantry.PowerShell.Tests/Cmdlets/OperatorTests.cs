using System.Management.Automation;
using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Cmdlets;

public sealed class OperatorTests
{
    [Fact]
    public void An_operator_may_do_what_the_scope_says_and_no_more()
    {
        using Session here = Session.WithFleet("web1 shop live", "mx1 mail live");
        using Session there = Session.Open();
        there.Run($"$s = {here.Connecting("deploy", "shop:Ping", administrator: false)}").Clean();

        Assert.Equal(["web1"], there.Run("Send-PantryCommand -Stream shop -Name Ping").Texts("Client"));
        Assert.Equal(["web1"], there.Run("Get-PantryClient").Texts("Identity"));
        foreach (string beyond in new[] { "-Stream shop -ShellCommand hostname", "-Stream mail -Name Ping", "-Client mx1 -Name Ping", "-All -Name Ping" })
        {
            Outcome refused = there.Run($"Send-PantryCommand {beyond}");
            Assert.Equal("OutOfScope", refused.ErrorId);
            Assert.Equal(ErrorCategory.PermissionDenied, (refused.Fatal ?? refused.Errors[0]).CategoryInfo.Category);
        }

        foreach (string administrators in new[] { "New-PantryEnrollment x -Application y", "Get-PantryOperator", "Get-PantryAuditLog", "Test-PantryAuditLog", "Approve-PantryClient web1" })
            Assert.Equal("OutOfScope", there.Run(administrators).ErrorId);
    }

    [Fact]
    public void An_operators_file_is_its_owners_alone_and_is_never_replaced()
    {
        using Session session = Session.WithFleet();
        PSObject? made = session.Run("New-PantryOperator deploy -Scope 'shop.live,shop.test:Shell', 'mail:*' -ExpiresIn 3600 -OutFile $root/deploy.operator").Clean().Single();

        Assert.Equal(("deploy", "shop.live,shop.test:Shell mail:*", "False"), (made.Text("Name"), made.Text("Scopes"), made.Text("Administrator")));
        Assert.InRange((DateTimeOffset)made.Value("ExpiresAt")!, DateTimeOffset.UtcNow.AddMinutes(50), DateTimeOffset.UtcNow.AddMinutes(61));
        string file = Path.Combine(session.Root, "deploy.operator");
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        byte[] before = File.ReadAllBytes(file);

        Assert.Equal("InvalidArgument", session.Run("New-PantryOperator other -Scope '*:*' -OutFile $root/deploy.operator").ErrorId);
        Assert.Equal(before, File.ReadAllBytes(file));

        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.OtherRead);
            Assert.Equal("InsecureFile", session.Run("Connect-PantryServer -OperatorFile $root/deploy.operator").ErrorId);
        }
    }

    [Fact]
    public void An_operator_that_is_refused_leaves_no_file_behind()
    {
        using Session session = Session.WithFleet();
        foreach ((string name, string scope, string id) in new[] { ("local", "*:*", "InvalidArgument"), ("one", "shop", "InvalidArgument"), ("a b", "*:*", "InvalidName") })
            Assert.Equal(id, session.Run($"New-PantryOperator '{name}' -Scope '{scope}' -OutFile $root/x.operator").ErrorId);
        Assert.Empty(session.Run("New-PantryOperator one -Scope '*:*' -OutFile $root/x.operator -WhatIf").Clean());
        Assert.False(File.Exists(Path.Combine(session.Root, "x.operator")));
        Assert.Equal(["local"], session.Run("Get-PantryOperator").Texts("Name"));
    }

    [Fact]
    public void Operators_are_listed_by_name_and_wildcard()
    {
        using Session session = Session.WithFleet();
        session.Connecting("deploy-web");
        session.Connecting("deploy-db", "shop:*", administrator: false);

        Assert.Equal(["deploy-db", "deploy-web", "local"], session.Run("Get-PantryOperator").Texts("Name"));
        Assert.Equal(["deploy-db", "deploy-web"], session.Run("Get-PantryOperator deploy*").Texts("Name"));
        Outcome missing = session.Run("'local', 'nobody' | Get-PantryOperator");
        Assert.Equal(["local"], missing.Texts("Name"));
        Assert.Equal(["NoMatchingOperator"], missing.ErrorIds);
        session.Set("line", "Revoke-PantryOperator deploy-d");
        session.Until("[System.Management.Automation.CommandCompletion]::CompleteInput($line, $line.Length, $null).CompletionMatches.CompletionText -eq 'deploy-db'");
    }

    [Fact]
    public void A_revoked_operator_is_out_at_once()
    {
        using Session here = Session.WithFleet("one shop");
        using Session there = Session.Open();
        string connect = here.Connecting();
        there.Run($"$s = {connect}; $null = Send-PantryCommand -All -Name Ping").Clean();
        Assert.NotNull(here.Run("Revoke-PantryOperator console").ErrorId); // Nobody is there to be asked.

        here.Run("Get-PantryOperator con* | Revoke-PantryOperator -Confirm:$false").Clean();

        there.Until("$s.Status -ne 'Running'");
        Assert.NotNull(there.Run("Send-PantryCommand -All -Name Ping").ErrorId);
        there.Run("Disconnect-PantryServer").Clean();
        Assert.NotNull(there.Run(connect).ErrorId);
        Assert.Equal(["NoMatchingOperator"], here.Run("Revoke-PantryOperator console -Confirm:$false").ErrorIds);
    }

    [Fact]
    public void An_administrator_elsewhere_makes_operators_who_can_connect_too()
    {
        using Session here = Session.WithFleet("one shop");
        using Session there = Session.Open();
        there.Run($"$null = {here.Connecting()}").Clean();
        there.Run("$null = New-PantryOperator second -Scope '*:*' -OutFile $root/second.operator; Disconnect-PantryServer").Clean();
        Assert.Equal("second", there.Run("Connect-PantryServer -OperatorFile $root/second.operator").Clean().Single().Text("Operator"));
        Assert.Equal(["Succeeded"], there.Run("Send-PantryCommand -All -Name Ping").Texts("Status"));
    }
}
