using System.Text.Json;

namespace Pantry.Daemon.Tests;

/// <summary>Output while a command runs, and scripts.</summary>
public sealed class SendTests
{
    public static bool NoSignals => OperatingSystem.IsWindows();

    public static bool NoPowerShell => NoSignals || !(Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(directory => File.Exists(Path.Combine(directory, "pwsh")));

    [Fact(SkipWhen = nameof(NoSignals), SkipType = typeof(SendTests), Skip = "A shell of Unix is used.")]
    public async Task What_a_command_writes_comes_while_it_runs_and_can_be_read_again_later()
    {
        await using var fleet = new DaemonFleet();
        await fleet.StartServerAsync();
        await fleet.EnrollAsync("web01");
        await fleet.StartClientAsync("web01");
        string go = Path.Combine(fleet.Directory, "go");
        PantryProcess sending = fleet.StartOperating("send", "--all", "--live", "--shell", $"echo one; echo; echo warned >&2; until [ -e '{go}' ]; do sleep 0.05; done; printf 'two'");
        await sending.WritesAsync("web01: one");
        await sending.SaysAsync("web01: warned");
        Assert.False(sending.HasExited);
        await File.WriteAllTextAsync(go, "");
        Assert.Equal(0, await sending.ExitAsync());
        Assert.Equal("web01: one\nweb01: \nweb01: two", sending.Output);
        Assert.Contains("1 target: 1 Succeeded", sending.Errors, StringComparison.Ordinal);

        using JsonDocument job = JsonDocument.Parse((await fleet.OperateAsync("jobs", "--newest", "1", "-o", "json")).Ends(ExitCode.Success).Output);
        string id = job.RootElement.GetProperty("JobId").GetString()!;
        PantryRun again = (await fleet.OperateAsync("jobs", id, "--live", "-o", "json")).Ends(ExitCode.Success);
        JsonElement[] lines = [.. again.Output.Split('\n').Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(["one", "", "two"], lines.Where(line => line.TryGetProperty("Stream", out JsonElement stream) && stream.GetString() == "StandardOutput").Select(line => line.GetProperty("Text").GetString()));
        Assert.Equal("Succeeded", lines[^1].GetProperty("Status").GetString());

        string plain = (await fleet.OperateAsync("send", "--all", "--async", "--", "true")).Ends(ExitCode.Success).Output;
        PantryRun unwatched = (await fleet.OperateAsync("jobs", plain, "--live")).Ends(ExitCode.Success);
        Assert.Contains("was not sent with --live", unwatched.Errors, StringComparison.Ordinal);
    }

    [Fact(SkipWhen = nameof(NoSignals), SkipType = typeof(SendTests), Skip = "Signals are POSIX.")]
    public async Task Ctrl_c_while_live_output_comes_ends_at_once_and_cancels_the_order()
    {
        await using var fleet = new DaemonFleet();
        await fleet.StartServerAsync();
        await fleet.EnrollAsync("web01");
        await fleet.StartClientAsync("web01");
        PantryProcess sending = fleet.StartOperating("send", "--all", "--live", "--shell", "echo begun; exec sleep 600");
        await sending.WritesAsync("web01: begun");
        sending.Signal("INT");
        Assert.Equal((int)ExitCode.Interrupted, await sending.ExitAsync());
        Assert.Contains("was cancelled", sending.Errors, StringComparison.Ordinal);
        PantryRun jobs = (await fleet.OperateAsync("jobs")).Ends(ExitCode.Success);
        Assert.Contains("Cancelled", jobs.Output, StringComparison.Ordinal);
    }

    [Fact(SkipWhen = nameof(NoPowerShell), SkipType = typeof(SendTests), Skip = "There is no pwsh.")]
    public async Task A_script_runs_in_the_clients_PowerShell_with_its_arguments_and_secrets()
    {
        await using var fleet = new DaemonFleet();
        await fleet.StartServerAsync();
        await fleet.EnrollAsync("web01");
        await fleet.StartClientAsync("web01");
        string script = Path.Combine(fleet.Directory, "check.ps1");
        await File.WriteAllTextAsync(script, """
            param($First, $Second)
            "$First and ${Second}_x0041_ <&> æ 🙂"
            [pscustomobject]@{ Number = 7; Names = 'a', 'b'; None = $null }
            Write-Warning 'careful'
            Write-Information 'by the way'
            "$($Token.GetType().Name) $([Net.NetworkCredential]::new('', $Token).Password.Length)"
            """);
        PantryRun text = (await PantryProcess.RunWithAsync("", new Dictionary<string, string> { ["Token"] = "s3cret" },
            "send", "--operator-file", fleet.Console, "--all", "--script", script, "--secret", "Token", "--", "it's \"so\"", "$(bad)")).Ends(ExitCode.Success);
        // The client's host takes up the streams one after the other.
        string[] expected = ["web01: it's \"so\" and $(bad)_x0041_ <&> æ 🙂", "web01: @{Number=7; Names=a b; None=}", "web01: by the way", "web01: SecureString 6"];
        Assert.Equal(expected.Order(StringComparer.Ordinal), text.Output.Split('\n').Order(StringComparer.Ordinal));
        Assert.Contains("web01: WARNING: careful", text.Errors, StringComparison.Ordinal);

        PantryRun lines = (await fleet.OperateWithAsync("[pscustomobject]@{ Number = 7; Names = 'a', 'b' }; Get-Item /none", "send", "--all", "--script", "-", "-o", "json")).Ends(ExitCode.NotSucceeded);
        using JsonDocument row = JsonDocument.Parse(lines.Output);
        Assert.Equal("""[{"Number":7,"Names":["a","b"]}]""", row.RootElement.GetProperty("Output").GetRawText());
        Assert.Contains("none", row.RootElement.GetProperty("Errors")[0].GetString(), StringComparison.Ordinal);

        PantryRun live = (await fleet.OperateWithAsync("1..3; throw 'enough'", "send", "--all", "--script", "-", "--live")).Ends(ExitCode.NotSucceeded);
        Assert.Equal("web01: 1\nweb01: 2\nweb01: 3", live.Output);
        Assert.Contains("web01: ERROR: enough", live.Errors, StringComparison.Ordinal);
        Assert.Contains("web01: Failed. enough", live.Errors, StringComparison.Ordinal);
    }

    [Fact(SkipWhen = nameof(NoSignals), SkipType = typeof(SendTests), Skip = "Its path is set as on Unix.")]
    public async Task A_script_for_a_client_without_PowerShell_has_a_row_that_says_so()
    {
        await using var fleet = new DaemonFleet();
        await fleet.StartServerAsync();
        await fleet.EnrollAsync("web01");
        await fleet.StartClientAsync("web01", new Dictionary<string, string> { ["PATH"] = fleet.Directory });
        PantryRun run = (await fleet.OperateWithAsync("1", "send", "--all", "--script", "-")).Ends(ExitCode.NotSucceeded);
        Assert.Contains("web01: Failed. This client found no pwsh", run.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Both --shell and --script", "--shell", "x", "--script", "y")]
    [InlineData("--directory is for", "--directory", "/", "--script", "y")]
    [InlineData("which cannot be read", "--script", "/none/there")]
    [InlineData("is a variable of PowerShell's own", "--script", "-", "--secret", "args")]
    [InlineData("no such variable", "--script", "-", "--secret", "NONE_SUCH")]
    [InlineData("--depth must be", "--script", "-", "--depth", "17")]
    public async Task What_cannot_be_sent_as_a_script_is_said_before_anybody_is_asked(string what, params string[] arguments)
    {
        PantryRun run = (await PantryProcess.RunWithAsync("1", null, ["send", "--all", .. arguments])).Ends(ExitCode.Usage);
        Assert.Contains(what, run.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \r\n\t\n")]
    [InlineData("\uFEFF")]
    public async Task A_script_that_is_empty_does_not_pass_for_one_that_succeeded(string text)
    {
        await using var fleet = new DaemonFleet();
        string script = Path.Combine(fleet.Directory, "cut.ps1");
        await File.WriteAllTextAsync(script, text);
        PantryRun stored = (await PantryProcess.RunAsync("send", "--all", "--script", script)).Ends(ExitCode.Usage);
        Assert.StartsWith($"pantry: --script is '{script}', which is empty.", stored.Errors, StringComparison.Ordinal);
        PantryRun piped = (await PantryProcess.RunWithAsync(text, null, "send", "--all", "--script", "-")).Ends(ExitCode.Usage);
        Assert.StartsWith("pantry: --script is '-', which is empty.", piped.Errors, StringComparison.Ordinal);
    }

    [Fact(SkipWhen = nameof(NoSignals), SkipType = typeof(SendTests), Skip = "/dev/zero is Unix's.")]
    public async Task What_never_ends_is_read_no_further_than_an_order_goes()
    {
        await using var fleet = new DaemonFleet();
        await fleet.StartServerAsync();
        string tooLong = new('x', (1024 * 1024) + 1);
        string[] key = ["--server-key", "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"];
        (string Option, string File, string Input, string[] Arguments)[] runs =
        [
            ("--script", "/dev/zero", "", ["send", "--all"]),
            ("--script", "-", tooLong, ["send", "--all"]),
            // Less than it by itself, and more in an order.
            ("--script", "-", new('&', 300_000), ["send", "--all"]),
            ("--root-key-password-file", "/dev/zero", "", ["operators", "revoke", "mary", "--operator-file", fleet.Console, "--root-key-file", "none"]),
            ("--token", "-", tooLong, ["client", "enroll", "--server", "127.0.0.1", .. key]),
        ];
        foreach ((string option, string file, string input, string[] arguments) in runs)
        {
            // Without a bound the memory would be the bound.
            PantryRun run = (await PantryProcess.RunWithAsync(input, new Dictionary<string, string> { ["DOTNET_GCHeapHardLimit"] = "0x8000000" }, [.. arguments, option, file])).Ends(ExitCode.Usage);
            Assert.StartsWith($"pantry: {option} is '{file}', which has more than {1_048_576:N0} bytes, which is the most that an order carries.", run.Errors, StringComparison.Ordinal);
        }
    }
}
