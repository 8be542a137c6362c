namespace Pantry.Daemon.Tests;

/// <summary>What the program ends with, and what it says then.</summary>
public sealed class ExitCodeTests
{
    [Theory]
    [InlineData("send", "--all")]
    [InlineData("send", "--", "true")]
    [InlineData("sned", "--all")]
    [InlineData("send", "--all", "--timeout", "soon", "--", "true")]
    [InlineData("send", "--all", "--batch-size", "0", "--", "true")]
    [InlineData("jobs", "--wait")]
    [InlineData("approve")]
    [InlineData("server", "--publish-port", "70000")]
    [InlineData("server", "--publish-port", "x")]
    [InlineData("server", "--file-port", "99999999999")]
    [InlineData("client", "enroll", "--publish-port", "1.5")]
    [InlineData("config", "check", "")]
    [InlineData("completion", "tcsh")]
    [InlineData("client", "enroll", "--file", "x", "--server", "y")]
    public async Task A_wrong_command_line_ends_with_2_and_says_what_is_wrong(params string[] arguments)
    {
        PantryRun run = (await PantryProcess.RunAsync(arguments)).Ends(ExitCode.Usage);
        Assert.StartsWith("pantry: ", run.Errors, StringComparison.Ordinal);
        Assert.Equal("", run.Output);
        Assert.DoesNotContain("   at ", run.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("'--status' is 'Foo'; it must be one of Denied, Offline, Online, Pending, Revoked.", "clients", "--status", "Foo")]
    [InlineData("'--newest' is 'many'; it must be a whole number.", "jobs", "--newest", "many")]
    [InlineData("--newest must be a number from 1 on.", "jobs", "--newest", "0")]
    [InlineData("'sample' is 'foo'; it must be one of Client, Operator, Server.", "config", "sample", "foo")]
    [InlineData("An argument is 'tcsh'; it must be one of bash, zsh, fish, pwsh.", "completion", "tcsh")]
    public async Task A_value_that_cannot_be_is_said_with_those_that_can(string what, params string[] arguments)
    {
        PantryRun run = (await PantryProcess.RunAsync(arguments)).Ends(ExitCode.Usage);
        Assert.StartsWith($"pantry: {what}\n", run.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--secret", "send", "--all", "--secret", "", "--", "true")]
    [InlineData("--secret", "send", "--all", "--secret", " , ", "--", "true")]
    [InlineData("--client", "send", "--all", "--client", "", "--", "true")]
    [InlineData("--run-as", "send", "--all", "--run-as", "", "--", "true")]
    [InlineData("--shell", "send", "--all", "--shell", " ")]
    [InlineData("--role", "enroll", "web01", "--role", "")]
    [InlineData("--operator-file", "clients", "--operator-file", "")]
    public async Task An_option_that_a_variable_left_empty_is_named_and_not_passed_over(string option, params string[] arguments)
    {
        PantryRun run = (await PantryProcess.RunAsync(arguments)).Ends(ExitCode.Usage);
        Assert.StartsWith($"pantry: {option} is empty. Give it a value, or leave it out.\n", run.Errors, StringComparison.Ordinal);
    }

    [Fact(SkipUnless = nameof(HasFullDevice), SkipType = typeof(ExitCodeTests), Skip = "/dev/full is Linux's.")]
    public async Task A_result_that_could_not_be_written_ends_with_5_and_one_that_nobody_reads_is_no_fault()
    {
        (int full, string said) = await ShellAsync($"dotnet '{PantryProcess.Program}' version > /dev/full");
        Assert.Equal((int)ExitCode.LocalFault, full);
        Assert.StartsWith("pantry: ", said, StringComparison.Ordinal);
        (int unread, said) = await ShellAsync($"set -o pipefail; dotnet '{PantryProcess.Program}' config sample server | head -1 > /dev/null");
        Assert.Equal((0, ""), (unread, said));
    }

    public static bool HasFullDevice => File.Exists("/dev/full") && File.Exists("/bin/bash");

    [Fact]
    public async Task A_server_that_is_not_there_ends_with_3()
    {
        await using var fleet = new DaemonFleet();
        PantryProcess server = await fleet.StartServerAsync();
        string kept = Path.Combine(fleet.Directory, "kept.operator");
        File.Copy(fleet.Console, kept);
        await server.KillAsync();
        PantryRun run = (await PantryProcess.RunAsync("clients", "--operator-file", kept)).Ends(ExitCode.Unreachable);
        Assert.Contains($"127.0.0.1:{fleet.ReceivePort}", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_does_not_match_ends_with_4()
    {
        await using var fleet = new DaemonFleet();
        await fleet.StartServerAsync();
        (await fleet.OperateAsync("clients", "web99")).Ends(ExitCode.NotFound);
        (await fleet.OperateAsync("jobs", "0190000000000000")).Ends(ExitCode.NotFound);
        (await fleet.OperateAsync("send", "--stream", "shop", "--", "true")).Ends(ExitCode.NotFound);
        PantryRun unknown = (await fleet.OperateAsync("send", "--client", "web99", "--", "true")).Ends(ExitCode.NotSucceeded);
        Assert.Contains("web99: Unknown", unknown.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_that_another_server_has_ends_with_5()
    {
        await using var fleet = new DaemonFleet();
        await fleet.StartServerAsync();
        PantryRun run = (await PantryProcess.RunAsync("server", "--root", fleet.Root, "--publish-port", "0", "--receive-port", "0", "--file-port", "0")).Ends(ExitCode.LocalFault);
        Assert.Contains("RootInUse", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_configuration_file_with_an_error_ends_with_2_and_names_line_and_column()
    {
        await using var fleet = new DaemonFleet();
        string file = Path.Combine(fleet.Directory, "wrong.yaml");
        await File.WriteAllTextAsync(file, "networking:\n  receive_port: many\n");
        foreach (string[] arguments in (string[][])[["server", "--config", file], ["client", "--config", file], ["config", "check", file]])
        {
            PantryRun run = (await PantryProcess.RunAsync(arguments)).Ends(ExitCode.Usage);
            Assert.Contains($"{file}:2:", run.Errors + run.Output, StringComparison.Ordinal);
        }

        await File.WriteAllTextAsync(file, "networking:\n  receive_port: 23002\n");
        (await PantryProcess.RunAsync("config", "check", file)).Ends(ExitCode.Success);
    }

    [Fact]
    public async Task Completion_offers_commands_and_options()
    {
        PantryRun script = (await PantryProcess.RunAsync("completion", "bash")).Ends(ExitCode.Success);
        Assert.Contains("complete -o default -F _pantry pantry", script.Output, StringComparison.Ordinal);
        PantryRun verbs = (await PantryProcess.RunAsync("[suggest:9]", "pantry se")).Ends(ExitCode.Success);
        Assert.Equal(["send", "server"], verbs.Output.Split('\n').Where(word => word.StartsWith("se", StringComparison.Ordinal)).Order());
        PantryRun options = (await PantryProcess.RunAsync("[suggest:20]", "pantry send --batch-")).Ends(ExitCode.Success);
        Assert.Contains("--batch-size", options.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_version_is_that_of_the_assembly() =>
        Assert.Equal(typeof(ExitCode).Assembly.GetName().Version!.ToString(3), (await PantryProcess.RunAsync("version")).Ends(ExitCode.Success).Output);

    private static async Task<(int Code, string Errors)> ShellAsync(string line)
    {
        using var shell = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("/bin/bash", ["-c", line]) { RedirectStandardError = true })!;
        string said = await shell.StandardError.ReadToEndAsync().WaitAsync(PantryProcess.Deadline);
        await shell.WaitForExitAsync().WaitAsync(PantryProcess.Deadline);
        return (shell.ExitCode, said.Trim());
    }
}
