using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Secrets;

/// <summary>Commands as another user of the client's machine, which only a client of root's can start.</summary>
public sealed class RunAsTests
{
    private const string Other = "nobody";

    public static bool NotRootOnLinux => !OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess;

    [Theory(SkipWhen = nameof(NotRootOnLinux), Skip = "Only root on Linux can become another user.")]
    [InlineData("-RunAs nobody")]
    [InlineData("-Credential ([pscredential]::new('nobody', $secure))")]
    public void A_shell_command_runs_as_the_user_that_was_named(string user)
    {
        using Session session = Open();

        Outcome outcome = session.Run($"(Send-PantryCommand -All -ShellCommand 'id -un; env' {user}).Output");

        string[] lines = [.. outcome.Clean().Select(line => line!.ToString())];
        Assert.Equal(Other, lines[0]);
        Assert.DoesNotContain(lines, line => line.Contains("canary", StringComparison.Ordinal));
    }

    [Fact(SkipWhen = nameof(NotRootOnLinux), Skip = "Only root on Linux can become another user.")]
    public void A_script_runs_in_a_PowerShell_of_the_user_and_has_its_secrets_there()
    {
        Assert.SkipUnless(Places.HasPowerShell, "There is no pwsh on the PATH.");
        using Session session = Open();

        Outcome outcome = session.Run("""
            (Send-PantryCommand -All -RunAs nobody -Secret @{ Key = $secure } -ArgumentList $credential -ScriptBlock {
                [Environment]::UserName; $args[0].UserName; $args[0].GetNetworkCredential().Password.Length; $Key.Length; ($using:secure).Length
            }).Output
            """);

        Assert.Equal([Other, "somebody", "6", "6", "6"], outcome.Clean().Select(line => line!.ToString()));
    }

    [Fact(SkipWhen = nameof(NotRootOnLinux), Skip = "Only root on Linux can become another user.")]
    public async Task A_script_for_another_user_never_runs_inside_the_client()
    {
        string root = Directory.CreateTempSubdirectory("pantry-ps-test-").FullName;
        try
        {
            (_, string output, _) = await EngineProcess.RunAsync($$"""
                [Environment]::SetEnvironmentVariable('PATH', '/nowhere')
                Import-Module '{{Places.Manifest}}'
                $null = Start-PantryServer -Path '{{root}}' -PublishPort 0 -ReceivePort 0 -FilePort 0
                $null = Register-PantryClient -Identity one -Application shop -AllowedUser nobody -Path '{{root}}/client'
                $row = Send-PantryCommand -All -RunAs nobody -ScriptBlock { 'ran' } -ErrorAction SilentlyContinue
                [Console]::WriteLine("$($row.Error.Code) [$($row.Output)] $($row.Error.Message)")
                """);

            Assert.StartsWith("NoPowerShell [] ", output, StringComparison.Ordinal);
            Assert.Contains("to run it as another user", output, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    [Fact]
    public void The_clients_own_user_is_always_allowed_and_needs_no_process()
    {
        using Session session = Session.WithFleet("one shop");
        Assert.Equal(Environment.ProcessId, session.Run($"(Send-PantryCommand -All -RunAs '{Environment.UserName}' -ScriptBlock {{ $PID }}).Output").Clean().Single()!.BaseObject);
    }

    [Fact]
    public void A_user_that_the_client_does_not_allow_is_denied()
    {
        using Session session = Session.WithFleet("one shop");
        Assert.Equal(["UserNotAllowed"], session.Run("Send-PantryCommand -All -ShellCommand id -RunAs nobody").ErrorIds);
    }

    [Fact]
    public void A_command_by_name_takes_no_user()
    {
        using Session session = Session.WithFleet("one shop");
        Assert.Equal("AmbiguousParameterSet", session.Run("Send-PantryCommand -All -Name Ping -RunAs nobody").ErrorId);
    }

    private static Session Open()
    {
        Session session = Session.WithFleet();
        session.Run("$null = Register-PantryClient -Identity one -Application shop -AllowedUser nobody").Clean();
        session.Run("""
            $secure = [securestring]::new(); foreach ($character in 'canary'.ToCharArray()) { $secure.AppendChar($character) }
            $credential = [pscredential]::new('somebody', $secure)
            """).Clean();
        return session;
    }
}
