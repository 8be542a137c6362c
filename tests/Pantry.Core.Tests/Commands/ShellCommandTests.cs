using System.Diagnostics;
using System.Text;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Commands;

/// <summary>Real processes, through a real server and client.</summary>
public sealed class ShellCommandTests
{
    private static readonly PantryOptions Quick = new() { TerminationGrace = TimeSpan.FromMilliseconds(300), OutputDrain = TimeSpan.FromMilliseconds(200) };

    public static bool OnWindows => OperatingSystem.IsWindows();

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task Once_a_command_has_ended_its_pipes_are_closed()
    {
        string told = Path.Combine(Path.GetTempPath(), $"pantry-test-{Guid.NewGuid():N}");

        // What the command leaves behind can write until nobody holds the other end.
        await RunAsync(new { line = $"trap '' PIPE; (sleep 1; for i in $(seq 200); do echo x || {{ touch {told}; exit; }}; sleep 0.02; done) & echo begun" });

        await Fleet.EventuallyAsync(() => File.Exists(told), "the pipe to be closed");
        File.Delete(told);
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task What_a_command_has_written_is_read_to_its_end_though_that_takes_longer_than_usual()
    {
        await using Fleet fleet = await Fleet.StartAsync(Quick with { OutputDrain = TimeSpan.FromMilliseconds(1) });
        await fleet.AddAsync("a");
        for (int i = 0; i < 20; i++)
        {
            ResultRow row = Assert.Single(await fleet.RunAsync(Target.All, "Shell", new { line = "head -c 60000 /dev/zero" }));
            Assert.Equal(60_000, row.Body(Result.StandardOutputBody).Length);
        }
    }

    [Theory]
    [InlineData("echo one\0; echo two", null, null, null)]
    [InlineData(null, "ec\0ho", null, null)]
    [InlineData(null, "echo", "a\0b", null)]
    [InlineData("echo one", null, null, "/tmp\0/x")]
    public async Task A_zero_that_would_cut_a_command_short_is_refused(string? line, string? program, string? argument, string? workingDirectory)
    {
        ResultRow row = await RunAsync(new { line, program, arguments = argument is null ? null : new[] { argument }, workingDirectory });

        Assert.Equal((CommandStatus.Failed, "InvalidArgument"), (row.Result.Status, row.Result.Error!.Code));
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task A_process_that_has_ended_by_itself_was_not_stopped_though_its_time_is_over_when_that_is_noticed()
    {
        using var child = new ChildProcess(new ProcessStartInfo("/bin/sh", ["-c", "echo done; exit 3"]), "job", Quick);
        child.Start();
        int id = child.Identity.Id;
        await Fleet.EventuallyAsync(() => !Directory.Exists($"/proc/{id}"), "the process to end");
        using var output = new CappedOutput(1000);

        ChildOutcome outcome = await child.WaitAsync([], output, live: null, new CancellationToken(canceled: true)).WaitAsync(Fleet.Deadline);

        Assert.Equal((3, "done\n"), (outcome.ExitCode, Encoding.UTF8.GetString(outcome.StandardOutput)));
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task Unicode_comes_through_whole()
    {
        ResultRow row = await RunAsync(new { line = "printf 'häl­lo \U0001F955'; printf 'fehler: ü' >&2; exit 3" });

        Assert.Equal((CommandStatus.Failed, 3, "NonZeroExitCode"), (row.Result.Status, row.Result.ExitCode, row.Result.Error!.Code));
        Assert.Equal("häl­lo \U0001F955", Fleet.Text(row));
        Assert.Equal("fehler: ü", Encoding.UTF8.GetString(row.Body(Result.StandardErrorBody)));
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task Bytes_that_are_no_text_come_through_as_they_are()
    {
        ResultRow row = await RunAsync(new { line = @"printf '\000\377\200\n\r\001'" });

        Assert.Equal([0, 255, 128, 10, 13, 1], row.Body(Result.StandardOutputBody));
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX program is needed.")]
    public async Task A_programs_arguments_are_passed_as_they_are_and_meet_no_shell()
    {
        ResultRow row = await RunAsync(new { program = "printf", arguments = new[] { "%s|", "a b", "$(id)", "`id`", "; id", "*", "\"'\\", "" } });

        Assert.Equal("a b|$(id)|`id`|; id|*|\"'\\||", Fleet.Text(row));
    }

    [Fact]
    public async Task A_program_that_is_not_there_is_a_named_error()
    {
        ResultRow row = await RunAsync(new { program = "no-such-program" });

        Assert.Equal((CommandStatus.Failed, "ProgramNotStarted"), (row.Result.Status, row.Result.Error!.Code));
        Assert.Contains("no-such-program", row.Result.Error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"line\":\"x\",\"program\":\"y\"}")]
    [InlineData("{\"line\":7}")]
    [InlineData("nonsense")]
    public async Task Arguments_that_make_no_sense_are_a_named_error(string arguments)
    {
        ResultRow row = await RunAsync(Encoding.UTF8.GetBytes(arguments));

        Assert.Equal((CommandStatus.Failed, "InvalidArgument"), (row.Result.Status, row.Result.Error!.Code));
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task A_command_that_waits_for_input_gets_none_and_ends()
    {
        ResultRow row = await RunAsync(new { line = "cat; echo done" });

        Assert.Equal("done\n", Fleet.Text(row));
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "Marks in the environment are Linux's.")]
    public async Task A_command_that_never_ends_is_stopped_with_all_it_started()
    {
        ResultRow row = await RunAsync(new { line = "echo begun; sleep 1000 & (sleep 1001 &) ; setsid sleep 1002 & while :; do sleep 1; done" }, TimeSpan.FromSeconds(1));

        Assert.Equal((CommandStatus.TimedOut, "RunTimedOut"), (row.Result.Status, row.Result.Error!.Code));
        Assert.Equal("begun\n", Fleet.Text(row));
        Assert.Empty(StartedBy(row));
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "Signals are POSIX's.")]
    public async Task A_command_that_ignores_SIGTERM_is_killed()
    {
        long begun = Stopwatch.GetTimestamp();
        ResultRow row = await RunAsync(new { line = "trap '' TERM; while :; do sleep 1; done" }, TimeSpan.FromSeconds(1));

        Assert.Equal(CommandStatus.TimedOut, row.Result.Status);
        Assert.True(Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(10));
        Assert.Empty(StartedBy(row));
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "Signals are POSIX's.")]
    public async Task A_command_is_asked_to_end_before_it_is_made_to()
    {
        ResultRow row = await RunAsync(new { line = "trap 'echo cleaned up; exit 0' TERM; while :; do sleep 0.05; done" }, TimeSpan.FromSeconds(1));

        Assert.Equal("cleaned up\n", Fleet.Text(row));
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task A_command_that_leaves_a_daemon_behind_ends_when_it_does()
    {
        long begun = Stopwatch.GetTimestamp();
        ResultRow row = await RunAsync(new { line = "sleep 20 & echo started" });

        Assert.Equal((CommandStatus.Succeeded, "started\n"), (row.Result.Status, Fleet.Text(row)));
        Assert.True(Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(10));
        Assert.Single(StartedBy(row));
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task More_commands_than_the_limit_wait_their_turn()
    {
        await using Fleet fleet = await Fleet.StartAsync(Quick with { MaxConcurrentCommands = 2 });
        await fleet.AddAsync("a");
        Task<List<ResultRow>>[] jobs =
            [.. Enumerable.Range(0, 6).Select(_ => fleet.RunAsync(Target.All, "Shell", new { line = "date +%s%N; sleep 0.3; date +%s%N" }))];

        var spans = (await Task.WhenAll(jobs)).Select(rows => Fleet.Text(rows[0]).Split('\n')).Select(lines => (Begin: long.Parse(lines[0], null), End: long.Parse(lines[1], null))).ToList();

        Assert.All(spans, span => Assert.InRange(spans.Count(other => other.Begin <= span.Begin && span.Begin < other.End), 1, 2));
    }

    private static async Task<ResultRow> RunAsync(object arguments, TimeSpan timeout = default)
    {
        await using Fleet fleet = await Fleet.StartAsync(Quick);
        await fleet.AddAsync("a");
        return Assert.Single(await fleet.RunAsync(new JobRequest
        {
            Target = Target.All,
            Command = ShellCommand.CommandName,
            Format = BodyFormat.Json,
            Arguments = arguments as byte[] ?? Fleet.Json(arguments),
            Timeout = timeout,
        }));
    }

    /// <summary>Ids of processes that still run for the job.</summary>
    private static List<string> StartedBy(ResultRow row) =>
    [
        .. Directory.EnumerateDirectories("/proc").Where(directory =>
        {
            try
            {
                return File.ReadAllText(Path.Combine(directory, "environ")).Contains($"PANTRY_JOB_ID={row.Result.Job}", StringComparison.Ordinal)
                    && File.ReadAllText(Path.Combine(directory, "cmdline")).Length > 0;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        }),
    ];
}
