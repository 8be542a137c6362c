using System.Diagnostics;
using System.Text.Json;

namespace Pantry.Daemon.Tests;

/// <summary>Whoever read the output has gone, or the terminal is lost: the program ends, and what was ordered goes on.</summary>
public sealed class UnreadTests
{
    public static bool NoShell => !File.Exists("/bin/bash");

    [Theory(SkipWhen = nameof(NoShell), SkipType = typeof(UnreadTests), Skip = "A shell of Unix is used.")]
    [InlineData("send --all --live --shell WORK", "one")]
    [InlineData("jobs ID --live", "one")]
    [InlineData("jobs ID --wait", null)]
    public async Task Nobody_reads_any_more_and_the_job_goes_on(string line, string? read)
    {
        await using var fleet = new DaemonFleet();
        await fleet.StartServerAsync();
        await fleet.EnrollAsync("web01");
        await fleet.StartClientAsync("web01");
        string go = Path.Combine(fleet.Directory, "go"), work = $"echo one; until [ -e '{go}' ]; do sleep 0.05; done; echo two";
        string? job = line.StartsWith("send", StringComparison.Ordinal) ? null : await SentAsync(fleet, work);

        // Nothing more is written until the job is let go: it is not a write that notices.
        string reader = read is null ? "exec true" : "head -1";
        (int code, string output, string errors) = await ShellAsync(
            $"set -o pipefail; dotnet '{PantryProcess.Program}' {line.Replace("ID", job, StringComparison.Ordinal).Replace("WORK", $"\"{work}\"", StringComparison.Ordinal)} --operator-file '{fleet.Console}' | {reader}");
        Assert.Equal(((int)ExitCode.Unread, read is null ? "" : $"web01: {read}", ""), (code, output, errors));

        job ??= await NewestAsync(fleet);
        await File.WriteAllTextAsync(go, "");
        PantryRun taken = (await fleet.OperateAsync("jobs", job, "--wait")).Ends(ExitCode.Success);
        Assert.Equal("web01: one\nweb01: two", taken.Output);
    }

    [Fact(SkipWhen = nameof(NoShell), SkipType = typeof(UnreadTests), Skip = "A shell of Unix is used.")]
    public async Task Who_reads_the_first_line_of_what_no_pipe_holds_sees_by_the_code_that_not_all_was_written()
    {
        await using var fleet = new DaemonFleet();
        await fleet.StartServerAsync();
        await fleet.EnrollAsync("web01");
        await fleet.StartClientAsync("web01");
        string job = (await fleet.OperateAsync("send", "--all", "--async", "--shell", "seq 100000")).Ends(ExitCode.Success).Output;
        (await fleet.OperateAsync("jobs", job, "--wait", "--quiet")).Ends(ExitCode.Success);

        (int code, string output, string errors) = await ShellAsync($"set -o pipefail; dotnet '{PantryProcess.Program}' jobs {job} --wait --operator-file '{fleet.Console}' | head -1");

        Assert.Equal(((int)ExitCode.Unread, "web01: 1", ""), (code, output, errors));
    }

    [Fact(SkipWhen = nameof(NoShell), SkipType = typeof(UnreadTests), Skip = "A shell of Unix is used.")]
    public async Task Ctrl_c_that_ends_the_reader_first_cancels_the_order_all_the_same()
    {
        await using var fleet = new DaemonFleet();
        await fleet.StartServerAsync();
        await fleet.EnrollAsync("web01");
        await fleet.StartClientAsync("web01");
        string pipe = Path.Combine(fleet.Directory, "pipe");
        // A terminal tells both; here the reader has gone for certain before the program is told.
        (int code, _, string errors) = await ShellAsync($"""
            set -m
            mkfifo '{pipe}'
            head -1 < '{pipe}' & reader=$!
            dotnet '{PantryProcess.Program}' send --operator-file '{fleet.Console}' --all --live --shell 'echo one; exec sleep 600' > '{pipe}' & sent=$!
            wait $reader
            kill -INT $sent
            wait $sent
            """);
        Assert.Equal((int)ExitCode.Interrupted, code);
        Assert.Contains("was cancelled", errors, StringComparison.Ordinal);
        PantryRun rows = await fleet.OperateAsync("jobs", await NewestAsync(fleet), "--wait");
        Assert.Contains("web01: Cancelled", rows.Errors, StringComparison.Ordinal);
    }

    [Fact(SkipWhen = nameof(NoShell), SkipType = typeof(UnreadTests), Skip = "Signals are POSIX.")]
    public async Task A_lost_terminal_leaves_the_job_running_and_it_can_be_taken_up_again()
    {
        await using var fleet = new DaemonFleet();
        await fleet.StartServerAsync();
        await fleet.EnrollAsync("web01");
        await fleet.StartClientAsync("web01");
        string go = Path.Combine(fleet.Directory, "go");
        PantryProcess sending = fleet.StartOperating("send", "--all", "--live", "--shell", $"echo one; until [ -e '{go}' ]; do sleep 0.05; done; echo two");
        await sending.WritesAsync("web01: one");
        sending.Signal("HUP");
        Assert.Equal((129, ""), (await sending.ExitAsync(), sending.Errors));

        string job = await NewestAsync(fleet);
        PantryProcess again = fleet.StartOperating("jobs", job, "--live");
        await again.WritesAsync("web01: one");
        await File.WriteAllTextAsync(go, "");
        Assert.Equal(0, await again.ExitAsync());
        Assert.Equal("web01: one\nweb01: two", again.Output);
    }

    [Fact(SkipWhen = nameof(NoShell), SkipType = typeof(UnreadTests), Skip = "Signals are POSIX.")]
    public async Task Who_is_told_to_end_cancels_the_order()
    {
        await using var fleet = new DaemonFleet();
        await fleet.StartServerAsync();
        await fleet.EnrollAsync("web01");
        await fleet.StartClientAsync("web01");
        PantryProcess sending = fleet.StartOperating("send", "--all", "--live", "--shell", "echo one; exec sleep 600");
        await sending.WritesAsync("web01: one");
        Assert.Equal((int)ExitCode.Interrupted, await sending.StopAsync());
        PantryRun rows = await fleet.OperateAsync("jobs", await NewestAsync(fleet), "--wait");
        Assert.Contains("web01: Cancelled", rows.Errors, StringComparison.Ordinal);
    }

    private static async Task<string> SentAsync(DaemonFleet fleet, string work) =>
        (await fleet.OperateAsync("send", "--all", "--live", "--async", "--shell", work)).Ends(ExitCode.Success).Output;

    private static async Task<string> NewestAsync(DaemonFleet fleet)
    {
        using JsonDocument job = JsonDocument.Parse((await fleet.OperateAsync("jobs", "--newest", "1", "-o", "json")).Ends(ExitCode.Success).Output);
        return job.RootElement.GetProperty("JobId").GetString()!;
    }

    private static async Task<(int Code, string Output, string Errors)> ShellAsync(string line)
    {
        ProcessStartInfo start = HeardSignals.Start("/bin/bash", "-c", line);
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        start.Environment["PANTRY_TIMEOUTS__CONNECT"] = "25s";
        using Process shell = Process.Start(start)!;
        try
        {
            Task<string> output = shell.StandardOutput.ReadToEndAsync(), errors = shell.StandardError.ReadToEndAsync();
            await Task.WhenAll(output, errors, shell.WaitForExitAsync()).WaitAsync(PantryProcess.Deadline);
            return (shell.ExitCode, (await output).Trim(), (await errors).Trim());
        }
        finally
        {
            shell.Kill(entireProcessTree: true);
        }
    }
}
