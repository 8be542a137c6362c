using Pantry.Client;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Commands;

/// <summary>Real processes of a real other user, through a real server and client. They need root, as such a client does.</summary>
public sealed class RunAsTests
{
    private const string Other = "nobody";

    private static readonly PantryOptions Quick = new() { TerminationGrace = TimeSpan.FromMilliseconds(500), OutputDrain = TimeSpan.FromMilliseconds(200) };

    public static bool NotRootOnLinux => !OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess;

    [Fact(SkipWhen = nameof(NotRootOnLinux), Skip = "Only root on Linux can become another user.")]
    public async Task A_command_runs_as_the_user_with_the_users_groups_home_and_names()
    {
        ResultRow row = await RunAsync("id -un; id -Gn; echo \"$HOME|$USER|$LOGNAME\"; pwd; grep -c . /etc/shadow 2>/dev/null || echo closed", Other);

        Assert.Equal(CommandStatus.Succeeded, row.Result.Status);
        string[] lines = Fleet.Text(row).Split('\n');
        string home = File.ReadLines("/etc/passwd").Select(line => line.Split(':')).Single(fields => fields[0] == Other)[5];
        Assert.Equal(Other, lines[0]);
        Assert.DoesNotContain("root", lines[1].Split(' '));
        Assert.Equal($"{home}|{Other}|{Other}", lines[2]);
        Assert.Equal(Directory.Exists(home) ? home : "/", lines[3]);
        Assert.Equal("closed", lines[4]);
    }

    [Fact(SkipWhen = nameof(NotRootOnLinux), Skip = "Only root on Linux can become another user.")]
    public async Task Nothing_of_the_clients_own_environment_reaches_another_user_but_what_every_program_needs()
    {
        Environment.SetEnvironmentVariable("RUN_AS_TEST_OWN", "the client's own");
        try
        {
            ResultRow row = await RunAsync("env", Other, new() { ["API_KEY"] = "for the user"u8.ToArray() });

            string[] names = [.. Fleet.Text(row).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('=')[0])];
            Assert.Contains("API_KEY", names);
            Assert.Contains("PATH", names);
            string[] expected = ["API_KEY", "PATH", "LANG", "LANGUAGE", "TZ", "HOME", "USER", "LOGNAME", "SHELL", "PWD", "_", "SHLVL", "OLDPWD", "PANTRY_JOB_ID", "PANTRY_PROCESS_MARK"];
            Assert.All(names, name => Assert.True(expected.Contains(name) || name.StartsWith("LC_", StringComparison.Ordinal), name));
        }
        finally
        {
            Environment.SetEnvironmentVariable("RUN_AS_TEST_OWN", null);
        }
    }

    [Fact(SkipWhen = nameof(NotRootOnLinux), Skip = "Only root on Linux can become another user.")]
    public async Task A_programs_arguments_are_passed_to_another_user_as_they_are()
    {
        ResultRow row = await RunAsync(new ShellArguments(null, "printf", ["%s|", "a b", "$(id)", "--", "-x", "\"'\\", ""]), Other);

        Assert.Equal("a b|$(id)|--|-x|\"'\\||", Fleet.Text(row));
    }

    [Fact(SkipWhen = nameof(NotRootOnLinux), Skip = "Only root on Linux can become another user.")]
    public async Task A_command_of_another_user_is_stopped_with_all_it_started()
    {
        ResultRow row = await RunAsync("echo begun; sleep 1000 & (sleep 1001 &) ; setsid sleep 1002 & trap '' TERM; while :; do sleep 0.1; done", Other, timeout: TimeSpan.FromSeconds(1));

        Assert.Equal((CommandStatus.TimedOut, "begun\n"), (row.Result.Status, Fleet.Text(row)));
        Assert.Empty(Processes.WithVariable($"PANTRY_JOB_ID={row.Result.Job}"));
    }

    [Fact(SkipWhen = nameof(NotRootOnLinux), Skip = "Only root on Linux can become another user.")]
    public async Task A_program_that_another_user_may_not_start_is_a_named_error()
    {
        ResultRow row = await RunAsync(new ShellArguments("true", WorkingDirectory: "/root"), Other);

        Assert.Equal((CommandStatus.Failed, "ProgramNotStarted"), (row.Result.Status, row.Result.Error!.Code));
    }

    [Fact(SkipWhen = nameof(NotRootOnLinux), Skip = "Only root on Linux can become another user.")]
    public async Task A_user_that_the_machine_does_not_have_is_a_named_error()
    {
        ResultRow row = await RunAsync("id", "no-such-user");

        Assert.Equal((CommandStatus.Failed, "UnknownUser"), (row.Result.Status, row.Result.Error!.Code));
        Assert.Contains("no-such-user", row.Result.Error.Message, StringComparison.Ordinal);
    }

    [Theory(SkipWhen = nameof(NotRootOnLinux), Skip = "Only root on Linux can become another user.")]
    [InlineData("0")]
    [InlineData("65534")]
    [InlineData("--help")]
    [InlineData("nobody:root")]
    public async Task What_is_no_users_name_is_none_in_another_sense_either(string user)
    {
        ResultRow row = await RunAsync("id", user);

        Assert.Equal((CommandStatus.Failed, "UnknownUser"), (row.Result.Status, row.Result.Error!.Code));
    }

    [Fact]
    public async Task The_clients_own_user_needs_neither_leave_nor_rights()
    {
        await using Fleet fleet = await Fleet.StartAsync(Quick);
        await fleet.AddAsync("a");

        ResultRow row = Assert.Single(await fleet.RunAsync(Request(new ShellArguments("whoami"), Environment.UserName)));

        Assert.Equal(CommandStatus.Succeeded, row.Result.Status);
        Assert.Contains(Environment.UserName, Fleet.Text(row), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_user_that_the_client_does_not_allow_is_denied()
    {
        await using Fleet fleet = await Fleet.StartAsync(Quick);
        await fleet.AddAsync("a");

        ResultRow row = Assert.Single(await fleet.RunAsync(Request(new ShellArguments("id"), Other)));

        Assert.Equal((CommandStatus.Denied, "UserNotAllowed"), (row.Result.Status, row.Result.Error!.Code));
    }

    [Fact]
    public async Task A_command_that_runs_inside_the_client_refuses_to_run_as_another_user()
    {
        int ran = 0;
        var commands = new CommandTable();
        commands.Add(new CountingCommand("Count", () => Interlocked.Increment(ref ran), () => { }));
        await using Fleet fleet = await Fleet.StartAsync(Quick);
        await AddAsync(fleet, commands);

        ResultRow row = Assert.Single(await fleet.RunAsync(new JobRequest { Target = Target.All, Command = "Count", RunAs = Other }));

        Assert.Equal((CommandStatus.Failed, "RunAsNotPossible", 0), (row.Result.Status, row.Result.Error!.Code, ran));
    }

    private static Task<ResultRow> RunAsync(string line, string user, Dictionary<string, byte[]>? secrets = null, TimeSpan timeout = default) =>
        RunAsync(new ShellArguments(line), user, secrets, timeout);

    private static async Task<ResultRow> RunAsync(ShellArguments arguments, string user, Dictionary<string, byte[]>? secrets = null, TimeSpan timeout = default)
    {
        await using Fleet fleet = await Fleet.StartAsync(Quick);
        await AddAsync(fleet, null, user);
        return Assert.Single(await fleet.RunAsync(Request(arguments, user) with { Secrets = secrets, Timeout = timeout }));
    }

    private static async Task AddAsync(Fleet fleet, CommandTable? commands, string user = Other) => await fleet.StartAsync(
        await fleet.ConfigurationAsync("a") with { Policy = new ClientPolicy { AllowedUsers = [user] } }, commands);

    private static JobRequest Request(ShellArguments arguments, string user) => new()
    {
        Target = Target.All,
        Command = ShellCommand.CommandName,
        Format = BodyFormat.Json,
        Arguments = Fleet.Json(arguments),
        RunAs = user,
    };
}
