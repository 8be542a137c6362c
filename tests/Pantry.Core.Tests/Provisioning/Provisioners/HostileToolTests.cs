using System.Diagnostics;
using System.Text;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Provisioning.Provisioners;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Provisioning.Provisioners;

/// <summary>Tools that write too much, never end, or write their report where they should not: bounded, and ended with all they started.</summary>
public sealed class HostileToolTests : IDisposable
{
    private readonly ProvisionRig _rig = new()
    {
        Options = new PantryOptions
        {
            TerminationGrace = TimeSpan.FromMilliseconds(300),
            OutputDrain = TimeSpan.FromMilliseconds(200),
            Provision = new ProvisionLimits { ReportBytes = 64 * 1024, LogBytes = 256 * 1024, AllLogsBytes = 600 * 1024, Logs = 5, LogTailBytes = 1000, Resources = 50 },
        },
    };

    public static bool OnWindows => OperatingSystem.IsWindows();

    public void Dispose() => _rig.Dispose();

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task Output_without_end_is_bounded_in_the_log_and_in_the_report()
    {
        ProvisionReport report = await _rig.ApplyAsync(_rig.Package("script", "loud", ("apply", "#!/bin/sh\nhead -c 5000000 /dev/zero | tr '\\0' 'x'\necho; printf 'end \\033[31m\\377\\n'\n")));

        Assert.Equal(ProvisionStatus.Changed, report.Status);
        Assert.InRange(new FileInfo(report.LogPath!).Length, 200 * 1024, 260 * 1024);
        Assert.Contains("The log is full", report.LogTail, StringComparison.Ordinal);
        Assert.InRange(report.LogTail.Length, 1, 1000);
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task Control_characters_and_bytes_that_are_no_text_reach_no_console()
    {
        ProvisionReport report = await _rig.ApplyAsync(_rig.Package("script", "rude", ("apply", """
            #!/bin/sh
            printf '{"resources":[{"name":"a\\u001b[31mb","status":"failed","message":"x\\u0007\\u202ey"}]}' > "$PANTRY_REPORT"
            printf 'red \033[31m \377\376 \000 end\n'
            """)));

        Assert.Equal(ProvisionStatus.Failed, report.Status);
        string all = report.Resources[0].Name + report.Resources[0].Message + report.Error!.Message + report.LogTail;
        Assert.DoesNotContain(all, character => char.IsControl(character) && character is not ('\n' or '\t'));
        Assert.DoesNotContain('\u202e', all);
    }

    [Theory(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    [InlineData("ln -s /etc/passwd \"$PANTRY_REPORT\"")]
    [InlineData("ln -s /dev/zero \"$PANTRY_REPORT\"")]
    [InlineData("mkfifo \"$PANTRY_REPORT\"")]
    [InlineData("mkdir \"$PANTRY_REPORT\"")]
    [InlineData("head -c 100000 /dev/zero > \"$PANTRY_REPORT\"")]
    [InlineData("printf '[[[[[[' > \"$PANTRY_REPORT\"")]
    [InlineData("printf '{\"resources\":[{\"name\":\"a\",\"status\":\"failed\"}],\"resources\":[]}' > \"$PANTRY_REPORT\"")]
    public async Task A_report_that_is_none_is_not_read_and_is_a_failure(string how)
    {
        ProvisionReport report = await _rig.ApplyAsync(_rig.Package("script", "odd", ("apply", $"#!/bin/sh\n{how}\n")));

        Assert.Equal(ProvisionStatus.Failed, report.Status);
        Assert.StartsWith("What it wrote to PANTRY_REPORT is no report", report.Error!.Message, StringComparison.Ordinal);
        Assert.Empty(report.Resources);
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task Of_many_resources_those_that_failed_and_changed_are_kept()
    {
        ProvisionReport report = await _rig.ApplyAsync(_rig.Package("script", "many", ("apply", """
            #!/bin/sh
            { printf '{"resources":['
              for i in $(seq 300); do printf '{"name":"n%s","status":"unchanged"},' $i; done
              printf '{"name":"c","status":"changed"},{"name":"f","status":"failed"}]}'; } > "$PANTRY_REPORT"
            """)));

        Assert.Equal((1, 1, 300, 50, 252), (report.Changed, report.Failed, report.Unchanged, report.Resources.Count, report.ResourcesLeftOut));
        Assert.Equal(["c", "f"], report.Resources.Select(resource => resource.Name).TakeLast(2));
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task Old_logs_make_room_for_new_ones()
    {
        PlannedPackage package = _rig.Package("script", "loud", ("apply", "#!/bin/sh\nhead -c 100000 /dev/zero | tr '\\0' 'x'\n"));
        for (int i = 0; i < 8; i++)
            await _rig.ApplyAsync(package);

        FileInfo[] logs = new DirectoryInfo(Path.Combine(_rig.Runs, "logs")).GetFiles();
        Assert.InRange(logs.Length, 2, 5);
        Assert.InRange(logs.Sum(log => log.Length), 1, 600 * 1024);
        Assert.All(logs, log => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, ProvisionRig.Mode(log.FullName)));
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task A_tool_that_does_not_end_is_ended_with_all_that_it_started_and_its_secrets_are_gone()
    {
        string pids = Path.Combine(_rig.Machine, "pids"), folder = Path.Combine(_rig.Machine, "folder");
        _rig.Define("stubborn.yaml", "name: stubborn\nprograms: [stubborn]\nsecrets: file\napply:\n  arguments: ['{secrets}']\n");
        _rig.Fake("stubborn", $"[ -f \"$1\" ] || exit 1\ntrap '' TERM\ndirname \"$1\" > {folder}\necho working\nsetsid sh -c 'trap \"\" TERM; echo $$ >> {pids}; while :; do sleep 1; done' &\necho $$ >> {pids}\nwhile :; do sleep 1; done\n");

        ProvisionReport report = await _rig.ApplyAsync(_rig.Package("stubborn", "slow", ("a", "")), secrets: ProvisionRig.Secrets(("token", "hunter22")), deadline: TimeSpan.FromSeconds(2));

        Assert.Equal((ProvisionStatus.TimedOut, "RunTimedOut"), (report.Status, report.Error!.Code));
        Assert.Contains("working", report.LogTail, StringComparison.Ordinal);
        string[] processes = File.ReadAllLines(pids);
        Assert.Equal(2, processes.Length);
        Assert.All(processes, process => Assert.False(Runs(process), $"Process {process} still runs."));
        Assert.False(Directory.Exists(File.ReadAllText(folder).Trim()));
        Assert.Empty(Directory.GetDirectories(Path.Combine(_rig.Runs, "work")));
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task A_run_that_is_cancelled_says_so_for_the_package_that_ran_and_reaches_no_other()
    {
        string begun = Path.Combine(_rig.Machine, "begun");
        using var cancel = new CancellationTokenSource();
        Task<IReadOnlyList<ProvisionReport>> run = _rig.RunAsync(
            _rig.Plan(_rig.Package("script", "slow", ("apply", $"#!/bin/sh\ntouch {begun}\nsleep 600\n")), _rig.Package("script", "next", ("apply", "#!/bin/sh\n"))), cancel.Token);
        await Fleet.EventuallyAsync(() => File.Exists(begun), "the script to begin");
        long asked = Stopwatch.GetTimestamp();
        await cancel.CancelAsync();

        IReadOnlyList<ProvisionReport> reports = await run;
        Assert.Equal([ProvisionStatus.Cancelled, ProvisionStatus.NotRun], reports.Select(report => report.Status));
        Assert.InRange(Stopwatch.GetElapsedTime(asked), TimeSpan.Zero, TimeSpan.FromSeconds(20));
    }

    // One that has ended and that nobody has asked for yet has no command line.
    private static bool Runs(string process) => File.Exists($"/proc/{process}/cmdline") && File.ReadAllBytes($"/proc/{process}/cmdline").Length > 0;

    [Fact]
    public void A_secret_that_comes_in_pieces_is_found_in_the_log()
    {
        string path = Path.Combine(_rig.Root, "pieces.log");
        using (var log = new RunLog(path, new ProvisionLimits(), new SecretRedactor(["correct horse"u8.ToArray()])))
        {
            foreach (byte piece in "the password is correct horse, not correct mule\n"u8.ToArray())
                log.Write(0, [piece]);
            log.Flush();
        }

        Assert.Equal("the password is ********, not correct mule\n", File.ReadAllText(path, Encoding.UTF8));
    }
}
