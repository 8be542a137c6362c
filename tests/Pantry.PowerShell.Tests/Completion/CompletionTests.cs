using System.Diagnostics;
using System.Globalization;
using System.Management.Automation;
using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Completion;

public sealed class CompletionTests
{
    // Parameters that name something there is. What is named for the first time cannot be completed.
    private static readonly string[] Known = ["Client", "Identity", "Application", "Environment", "Role", "Stream", "Name", "Command", "Id", "JobId", "Kind", "Fingerprint", "Revision", "Operator", "Actor", "Scope", "AllowedCommand"];
    private static readonly string[] FirstNames = ["New-PantryEnrollment Identity", "Register-PantryClient Identity", "New-PantryOperator Name", "Register-PantryCommand Name"];

    [Fact]
    public void Every_parameter_that_names_something_there_is_has_a_completer()
    {
        using Session session = Session.Open();
        string[] without =
        [
            .. session.Run("Get-Command -Module Pantry").Clean().Select(item => (CmdletInfo)item!.BaseObject)
                .SelectMany(cmdlet => cmdlet.Parameters.Values, (cmdlet, parameter) => (Name: $"{cmdlet.Name} {parameter.Name}", Parameter: parameter))
                .Where(item => Known.Contains(item.Parameter.Name) && !IsEnumeration(item.Parameter.ParameterType) && !FirstNames.Contains(item.Name))
                .Where(item => !item.Parameter.Attributes.Any(attribute => attribute is ArgumentCompleterAttribute))
                .Select(item => item.Name),
        ];
        Assert.True(without.Length == 0, string.Join('\n', without));
    }

    [Fact]
    public void Clients_and_their_labels_are_completed_in_every_place()
    {
        using Session session = Session.WithFleet("web1 shop live web", "mx1 mail live mx");
        Completes(session, "Get-PantryClient w", "web1");
        Completes(session, "Send-PantryCommand -Name Ping -Client ", "mx1", "web1");
        Completes(session, "Approve-PantryClient m", "mx1");
        Completes(session, "Watch-PantryEvent -Client ", "mx1", "web1");
        Completes(session, "Get-PantryClient -Application ", "mail", "shop");
        Completes(session, "New-PantryEnrollment x -Application ", "mail", "shop");
        Completes(session, "New-PantryApplication ", "mail", "shop");
        Completes(session, "Register-PantryClient -Environment ", "live");
        Completes(session, "New-PantryEnrollmentToken x -Role w", "web");
        Completes(session, "Test-PantryClient -Stream shop.", "shop.live", "shop.live.web");
        Completes(session, "Deny-PantryClient -Fingerprint ", session.Run("Get-PantryClient").Texts("Fingerprint"), anyOrder: true);
    }

    [Fact]
    public void Commands_are_completed_Pantrys_own_and_those_of_the_session()
    {
        using Session session = Session.Open();
        session.Run("Register-PantryCommand Pack { }").Clean();
        Completes(session, "Send-PantryCommand -All -Name P", "Pack", "Ping", "Provision");
        Completes(session, "New-PantryStep -Name Pa", "Pack");
        Completes(session, "Get-PantryJob -Command Sh", "Shell");
        Completes(session, "Get-PantryQueue -Command Sh", "Shell");
        Completes(session, "Register-PantryClient -AllowedCommand Ping, Fa", "Facts");
    }

    [Fact]
    public void Jobs_operators_and_enrolments_are_completed_the_newest_job_first()
    {
        using Session session = Session.WithFleet("web1 shop live web");
        string[] jobs = [.. session.Run("(Send-PantryCommand -All -Name Ping).JobId; (Send-PantryCommand -All -Name Facts).JobId").Clean().Select(id => id!.ToString())];
        Completes(session, "Receive-PantryJob ", [jobs[1], jobs[0]]);
        Completes(session, "Get-PantryAuditLog -JobId ", [jobs[1], jobs[0]]);
        Completes(session, "Get-PantryQueue ", [jobs[1], jobs[0]]);
        session.Run("$null = New-PantryOperator mary -Scope '*:*' -OutFile $root/mary.operator").Clean();
        Completes(session, "Revoke-PantryOperator ", "local", "mary");
        Completes(session, "Get-PantryAuditLog -Actor m", "mary");
        Completes(session, "Get-PantryJob -Operator m", "mary");
        string[] open = [session.Run("New-PantryEnrollment web2").Clean().Single().Text("Id")];
        Completes(session, "Revoke-PantryEnrollment ", open);
    }

    [Fact]
    public void Packages_with_versions_and_kinds_and_applications_with_revisions_are_completed()
    {
        using Session session = Session.WithFleet();
        session.Run("""
            $null = [IO.Directory]::CreateDirectory("$root/files")
            [IO.File]::WriteAllText("$root/files/run.sh", 'echo')
            $null = Publish-PantryPackage $root/files -Name nginx -Version 1.0.0 -Kind script
            $null = Publish-PantryPackage $root/files -Name nginx -Version 1.1.0 -Kind terraform
            $null = Publish-PantryPackage $root/files -Name base -Version 2.0.0 -Kind script
            $null = New-PantryApplication shop
            $null = Set-PantryApplication shop -Document 'description: Shop' -Revision 1
            """).Clean();
        Completes(session, "Save-PantryPackage ", "base", "nginx");
        Completes(session, "Publish-PantryPackage -Name n", "nginx");
        Completes(session, "Remove-PantryPackage nginx ", "1.1.0", "1.0.0");
        Completes(session, "Get-PantryPackage nginx -Version 1.0", "1.0.0");
        Completes(session, "Save-PantryPackage base -Path x -Version ", "2.0.0");
        Completes(session, "Get-PantryPackage -Kind p", "packer", "powershell", "puppet");
        Completes(session, "Publish-PantryPackage x -Kind t", "terraform");
        Completes(session, "Edit-PantryApplication ", "shop");
        Completes(session, "Restore-PantryApplication shop ", "2", "1");
        Completes(session, "Compare-PantryApplication shop -With ", "2", "1");
    }

    [Fact]
    public void Completion_asks_the_session_that_is_named_on_the_line()
    {
        using Session session = Session.WithFleet("web1 shop live web");
        session.Run($$"""
            $first = $server
            $second = Start-PantryServer -Path $root/second -PublishPort 0 -ReceivePort 0 -FilePort 0
            $null = New-PantryEnrollment other1 -Session $second | Register-PantryClient -WarningAction SilentlyContinue
            """).Clean();
        Completes(session, "Get-PantryClient -Identity ", "other1");
        Completes(session, "Get-PantryClient -Session $first -Identity ", "web1");
    }

    [Fact]
    public void Without_a_server_or_with_one_that_has_stopped_nothing_is_offered_and_nothing_is_thrown()
    {
        using Session session = Session.Open();
        Nothing();
        session.Run("$server = Start-PantryServer -Path $root -PublishPort 0 -ReceivePort 0 -FilePort 0; $server | Stop-PantryServer").Clean();
        Nothing();
        // What is known without a server is offered all the same.
        Completes(session, "Publish-PantryPackage x -Kind sa", "salt");

        void Nothing()
        {
            foreach (string line in new[] { "Test-PantryClient -Stream s", "Get-PantryClient x", "Receive-PantryJob x", "Save-PantryPackage x", "Remove-PantryPackage x 1", "Restore-PantryApplication x 1", "Revoke-PantryOperator x", "Revoke-PantryEnrollment x", "Deny-PantryClient -Fingerprint x" })
                Assert.Empty(Complete(session, line));
        }
    }

    [Fact]
    public async Task With_a_server_that_does_not_answer_nothing_is_offered_and_nobody_waits()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "A process is held by a signal here.");
        using Session session = Session.Open();
        string file = Path.Combine(session.Root, "console.operator");
        using Process server = EngineProcess.Start($$"""
            Import-Module '{{Places.Manifest}}'
            $null = Start-PantryServer -Path '{{session.Root}}/server' -PublishPort 0 -ReceivePort 0 -FilePort 0
            $null = New-PantryOperator console -Scope '*:*' -Administrator -OutFile '{{file}}'
            'ready'
            while ($true) { $null = [Threading.Tasks.Task]::Delay(20).Wait(20) }
            """, out string script);
        try
        {
            Assert.Equal("ready", await server.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Session.Deadline, TestContext.Current.CancellationToken));
            session.Run($"$null = Connect-PantryServer -OperatorFile '{file}'").Clean();
            Completes(session, "Revoke-PantryOperator ", "console", "local");

            using (Process hold = Process.Start("kill", ["-STOP", server.Id.ToString(CultureInfo.InvariantCulture)]))
                await hold.WaitForExitAsync(TestContext.Current.CancellationToken);
            long begun = Stopwatch.GetTimestamp();
            Assert.Empty(Complete(session, "Revoke-PantryOperator c"));
            Assert.Empty(Complete(session, "Get-PantryClient w"));
            // A tenth of a second each, and what a busy machine adds; a request itself would wait for 30.
            Assert.InRange(Stopwatch.GetElapsedTime(begun).TotalSeconds, 0, 5);
        }
        finally
        {
            server.Kill(entireProcessTree: true);
            await server.WaitForExitAsync(CancellationToken.None).WaitAsync(Session.Deadline, CancellationToken.None);
            File.Delete(script);
        }
    }

    // A completer would rather say nothing than be slow, as on a machine with much to do.
    private static void Completes(Session session, string line, params string[] names) => Completes(session, line, names, anyOrder: false);

    private static void Completes(Session session, string line, string[] names, bool anyOrder)
    {
        string[] last = [];
        Assert.True(
            SpinWait.SpinUntil(() => (last = Complete(session, line)) is var found && (anyOrder ? found.Order().SequenceEqual(names.Order()) : found.SequenceEqual(names)), Session.Deadline),
            $"Not completed with {string.Join(", ", names)} but with {string.Join(", ", last)}: {line}");
    }

    private static string[] Complete(Session session, string line)
    {
        session.Set("line", line);
        return [.. session.Run("[System.Management.Automation.CommandCompletion]::CompleteInput($line, $line.Length, $null).CompletionMatches").Clean().Select(match => match.Text("CompletionText"))];
    }

    private static bool IsEnumeration(Type type) => (Nullable.GetUnderlyingType(type) ?? type.GetElementType() ?? type).IsEnum;
}
