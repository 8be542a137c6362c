using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Cmdlets;

/// <summary>Steps and packages from a console.</summary>
public sealed class StepTests
{
    public static bool OnWindows => OperatingSystem.IsWindows();

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public void Shell_commands_script_blocks_and_named_steps_are_one_job_with_a_result_for_each()
    {
        using Session session = Session.WithFleet("web1 shop live web");

        Outcome outcome = session.Run("""
            $word = 'kept'
            $named = New-PantryStep -Name Echo -Argument @{ Message = 'three' } -StepName 'Say three'
            $result = Send-PantryCommand -Client web1 -Step 'echo one', { "two $using:word" }, $named
            $result.Status, $result.Output.Count, $result.Output[0].Output[0], $result.Output[1].Output[0], $result.Output[2].Name, $result.Output[2].StandardOutput, $result.Output[2].GetType().FullName
            """);

        Assert.Equal(["Succeeded", "3", "one", "two kept", "Say three", "three", "Pantry.StepResult"], outcome.Clean().Select(value => value!.ToString()));
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public void A_step_that_fails_ends_the_job_with_an_error_that_names_it()
    {
        using Session session = Session.WithFleet("web1 shop live web");

        Outcome outcome = session.Run("$result = Send-PantryCommand -Client web1 -Step 'exit 4', 'echo never' -ErrorVariable why -ErrorAction SilentlyContinue; $result.ExitCode, $result.Output[1].Status, \"$why\"");

        Assert.Equal("4", outcome.Output[0]!.ToString());
        Assert.Equal("Cancelled", outcome.Output[1]!.ToString());
        Assert.Contains("Step 1 (Shell) did not succeed", outcome.Output[2]!.ToString(), StringComparison.Ordinal);
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public void A_secret_of_a_step_is_seen_by_it_alone()
    {
        using Session session = Session.WithFleet("web1 shop live web");

        Outcome outcome = session.Run("""
            $secret = [Security.SecureString]::new()
            foreach ($character in 'hunter22'.ToCharArray()) { $secret.AppendChar($character) }
            $step = New-PantryStep -ShellCommand 'test "$TOKEN" = hunter22 && echo "has $TOKEN"' -Secret @{ TOKEN = $secret }
            $result = Send-PantryCommand -Client web1 -Step $step, 'echo "none${TOKEN}"', $step
            $result.Output | ForEach-Object { $_.StandardOutput.Trim() }
            """);

        Assert.Equal(["has ********", "none", "has ********"], outcome.Clean().Select(value => value!.ToString()));
    }

    [Fact]
    public void What_is_no_step_is_refused_and_WhatIf_names_them()
    {
        using Session session = Session.WithFleet("web1 shop live web");

        Assert.Equal("InvalidArgument", session.Run("Send-PantryCommand -Client web1 -Step 'echo a', 7").ErrorId);
        Assert.Equal("InvalidArgument", session.Run("Send-PantryCommand -Client web1 -Step (New-PantryStep -Name Steps)").ErrorId);
        session.Run("Send-PantryCommand -Client web1 -Step 'rm -rf /', { Get-Date } -WhatIf").Clean();
        Assert.Equal(0L, session.Run("$server.Statistics.OrdersPublished").Clean().Single()!.BaseObject);
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public void A_package_of_the_client_is_applied_and_its_report_says_whose_it_is()
    {
        using Session session = Session.WithFleet("web1 shop live web");

        Outcome outcome = session.Run("""
            $null = New-PantryEnrollment own -Application mail | Register-PantryClient -Path "$root/own"
            $package = "$root/motd"
            $null = [IO.Directory]::CreateDirectory($package)
            [IO.File]::WriteAllText("$package/apply", "#!/bin/sh`ncat `$PANTRY_PARAMETERS; printf '{`"resources`":[{`"type`":`"file`",`"name`":`"/etc/motd`",`"status`":`"changed`"}]}' > `$PANTRY_REPORT`n")
            [IO.File]::SetUnixFileMode("$package/apply", 'UserRead, UserExecute')
            $null = Publish-PantryPackage -LiteralPath $package -Version 1.0.0 -Kind script -Confirm:$false
            $null = New-PantryApplication mail -Document "packages: { motd: '*' }`nparameters: { KeptAsItIs: 1 }" -Confirm:$false
            $result = Invoke-PantryProvision -Client own -Confirm:$false
            $report = $result.Output[0]
            $report.GetType().FullName, $report.Client, ($report.JobId -eq $result.JobId), $report.Status, $report.Changed, "$($report.Resources[0])", $report.LogTail.Contains('{"KeptAsItIs":1}')
            """);

        Assert.Equal(["Pantry.ProvisionReport", "own", "True", "Changed", "1", "file[/etc/motd]: Changed", "True"], outcome.Clean().Select(value => value!.ToString()));
    }
}
