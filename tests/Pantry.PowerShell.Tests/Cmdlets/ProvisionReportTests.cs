using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Cmdlets;

public sealed class ProvisionReportTests
{
    public static bool OnWindows => OperatingSystem.IsWindows();

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public void Reports_are_found_by_client_package_job_time_and_status_long_after_their_rows()
    {
        using Session session = Provisioned();

        Assert.Equal(["web1 db", "web2 motd", "web1 motd"], Found(session, "Get-PantryProvisionReport"));
        Assert.Equal(["Changed", "Unchanged"], session.Run("Get-PantryProvisionReport web1 mo* -History").Texts("Status"));
        Assert.Equal(["Changed", "Unchanged"], session.Run("Get-PantryProvisionReport web1 mo* -Last 2").Texts("Status"));
        Assert.Equal(["web1 motd"], Found(session, "Get-PantryProvisionReport -Status Unchanged -History"));
        // The last run of it changed something.
        Assert.Empty(session.Run("Get-PantryProvisionReport web1 motd -Status Unchanged").Clean());
        Assert.Equal(["web1 motd"], Found(session, "$first | Get-PantryProvisionReport"));
        Assert.Equal(["web1 motd"], Found(session, "Get-PantryProvisionReport -JobId $first.JobId"));
        Assert.Equal(["web2 motd"], Found(session, "Get-PantryClient web2 | Get-PantryProvisionReport"));
        Assert.Equal(["web2 motd"], Found(session, "'WEB2' | Get-PantryProvisionReport"));
        Assert.Equal(["web2 motd"], Found(session, "Get-PantryProvisionReport -Environment te*"));
        Assert.Equal(["web1 db", "web1 motd"], Found(session, "Get-PantryProvisionReport -Stream shop.live"));
        Assert.Empty(session.Run("Get-PantryProvisionReport -Until ([datetime]::Now.AddMinutes(-10)); Get-PantryProvisionReport -Since ([datetime]::Now.AddMinutes(10))").Clean());
        Assert.Equal(4, session.Run("Get-PantryProvisionReport -Since ([datetime]::Now.AddMinutes(-10)) -Until ([datetime]::Now.AddMinutes(10)) -History").Clean().Count);
        Assert.Empty(session.Run("Get-PantryProvisionReport -Drift -History").Clean());
        Assert.Empty(session.Run("Get-PantryClient nobody* | Get-PantryProvisionReport").Clean());
        Assert.Equal(["NoMatchingClient"], session.Run("Get-PantryProvisionReport nobody").ErrorIds);
        Assert.NotEmpty(session.Run("Get-PantryProvisionReport -Last 2 -History").ErrorIds);
        session.Set("line", "Get-PantryProvisionReport -Client we");
        session.Until("[System.Management.Automation.CommandCompletion]::CompleteInput($line, $line.Length, $null).CompletionMatches.CompletionText -contains 'web1'");
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public void A_console_elsewhere_sees_those_of_clients_that_it_may_provision()
    {
        using Session here = Provisioned();
        using Session session = Session.Open();
        session.Run($"$null = {here.Connecting("test", "shop.test:Provision", administrator: false)}").Clean();

        Assert.Equal(["web2 motd"], Found(session, "Get-PantryProvisionReport -History"));
        Assert.Equal(["NoMatchingClient"], session.Run("Get-PantryProvisionReport web1").ErrorIds);
    }

    private static string[] Found(Session session, string script) => [.. session.Run(script).Clean().Select(report => $"{report.Text("Client")} {report.Text("Package")}")];

    /// <summary>web1 has had motd twice and then db, web2 has had motd once.</summary>
    private static Session Provisioned()
    {
        Session session = Session.WithFleet();
        session.Run("""
            foreach ($client in 'web1', 'web2') {
                $environment = $client -eq 'web1' ? 'live' : 'test'
                $null = New-PantryEnrollment $client -Application shop -Environment $environment | Register-PantryClient -Path "$root/$client"
            }

            foreach ($name in 'motd', 'db') {
                $null = [IO.Directory]::CreateDirectory("$root/$name")
                [IO.File]::WriteAllText("$root/$name/apply", "#!/bin/sh`nif test -e '$root/changes'; then printf changed; else printf unchanged; fi > `$PANTRY_REPORT`n")
                [IO.File]::SetUnixFileMode("$root/$name/apply", 'UserRead, UserExecute')
                $null = Publish-PantryPackage -LiteralPath "$root/$name" -Version 1.0.0 -Kind script -Confirm:$false
            }

            $null = New-PantryApplication shop -Document "packages: { motd: '*' }" -Confirm:$false
            $first = Invoke-PantryProvision -Client web1 -Confirm:$false
            [IO.File]::WriteAllText("$root/changes", '')
            $null = Invoke-PantryProvision -Client web1 -Confirm:$false
            $null = Invoke-PantryProvision -Client web2 -Confirm:$false
            Set-PantryApplication shop -Document "packages: { motd: '*', db: '*' }`nsteps: [db]" -Force -Confirm:$false
            $null = Invoke-PantryProvision -Client web1 -Confirm:$false
            """).Clean();
        return session;
    }
}
