using System.Text;
using System.Text.Json;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Commands;

/// <summary>Commands in order, through a real server and client.</summary>
public sealed class StepsTests
{
    public static bool OnWindows => OperatingSystem.IsWindows();

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task Steps_run_in_order_and_stop_at_the_first_that_fails()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("a");
        string file = Path.Combine(fleet.Root, "order");

        ResultRow row = await RunAsync(fleet, [Shell($"echo one | tee -a {file}"), new OrderStep("Echo", BodyFormat.Json, Fleet.Json(new { message = "two" }), "say two"), Shell($"echo three >> {file}; echo why >&2; exit 3"), Shell($"echo four >> {file}")]);

        Assert.Equal((CommandStatus.Failed, 3, "NonZeroExitCode"), (row.Result.Status, row.Result.ExitCode, row.Result.Error!.Code));
        Assert.StartsWith("Step 3 (Shell) did not succeed: The command ended with exit code 3. It said: why", row.Result.Error.Message, StringComparison.Ordinal);
        IReadOnlyList<StepRow> steps = Rows(row);
        Assert.Equal([CommandStatus.Succeeded, CommandStatus.Succeeded, CommandStatus.Failed, CommandStatus.Cancelled], steps.Select(step => step.Status));
        Assert.Equal(["Shell", "say two", "Shell", "Shell"], steps.Select(step => step.Name));
        Assert.Equal(("one\n", "two"), (Encoding.UTF8.GetString(steps[0].StandardOutput), Encoding.UTF8.GetString(steps[1].StandardOutput)));
        Assert.Equal(("StepNotReached", null), (steps[3].Error!.Code, steps[3].StartedAt));
        Assert.Equal(["one", "three"], await File.ReadAllLinesAsync(file));
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task A_client_that_does_not_allow_one_of_the_steps_runs_none()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        string file = Path.Combine(fleet.Root, "order");
        await fleet.AddAsync("a", allowed: ["Steps", "Shell"]);
        await fleet.AddAsync("b", allowed: ["Shell", "Echo"]);

        ResultRow row = await RunAsync(fleet, [Shell($"touch {file}"), new OrderStep("Echo", BodyFormat.Json, [])], "a");
        Assert.Equal((CommandStatus.Denied, "CommandNotAllowed"), (row.Result.Status, row.Result.Error!.Code));
        Assert.StartsWith("Step 2: ", row.Result.Error.Message, StringComparison.Ordinal);

        row = await RunAsync(fleet, [Shell($"touch {file}")], "b");
        Assert.Equal("CommandNotAllowed", row.Result.Error!.Code);
        row = await RunAsync(fleet, [Shell($"touch {file}") with { RunAs = "somebody" }], "a");
        Assert.Equal("UserNotAllowed", row.Result.Error!.Code);
        row = await RunAsync(fleet, [Shell($"touch {file}"), new OrderStep("Nothing", BodyFormat.Json, [])], "a");
        Assert.Equal("CommandNotAllowed", row.Result.Error!.Code);
        Assert.False(File.Exists(file));
    }

    [Fact]
    public async Task An_operator_whose_scopes_do_not_cover_every_step_is_refused_by_the_server()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("a", "shop");
        await fleet.AddAsync("b", "mail");
        async Task<PantryException> Refused(string[] scopes, Target target, params OrderStep[] steps)
        {
            await using RemoteFleet console = await RemoteFleet.ConnectAsync(await fleet.AddOperatorAsync($"o{Guid.NewGuid():N}", false, scopes), options: fleet.Options);
            return await Assert.ThrowsAsync<PantryException>(() => fleet.RunAsync(Request(target, steps), console));
        }

        OrderStep echo = new("Echo", BodyFormat.Json, []), ping = new("Ping", BodyFormat.Json, []);
        PantryException refused = await Refused(["shop:Steps,Ping"], Target.OfStreams(["shop"]), ping, echo);
        Assert.Equal(PantryErrorCode.OutOfScope, refused.Code);
        Assert.Contains("may not order Echo", refused.Message, StringComparison.Ordinal);
        Assert.Equal(PantryErrorCode.OutOfScope, (await Refused(["shop:Ping,Echo"], Target.OfStreams(["shop"]), ping, echo)).Code);
        Assert.Equal(PantryErrorCode.OutOfScope, (await Refused(["shop:Steps,Ping", "mail:Echo"], Target.OfStreams(["shop"]), ping, echo)).Code);

        // A list of clients is judged client by client.
        await using RemoteFleet listed = await RemoteFleet.ConnectAsync(await fleet.AddOperatorAsync("listed", false, "*:Steps,Ping", "shop:Echo"), options: fleet.Options);
        List<ResultRow> rows = await fleet.RunAsync(Request(Target.Clients(["a", "b"]), ping, echo), listed);
        Assert.Equal(CommandStatus.Succeeded, rows.Single(row => row.Client == "a").Result.Status);
        Assert.Equal((CommandStatus.Denied, "OutOfScope"), (rows.Single(row => row.Client == "b").Result.Status, rows.Single(row => row.Client == "b").Result.Error!.Code));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("""{"steps":[]}""")]
    [InlineData("""{"steps":[{"command":"Ping","format":"Json","arguments":""}],"steps":[{"command":"Shell","format":"Json","arguments":""}]}""")]
    [InlineData("""{"steps":[{"command":"steps","format":"Json","arguments":""}]}""")]
    [InlineData("""{"steps":[{"command":"Ping","format":"Json","arguments":"","timeoutSeconds":-1}]}""")]
    [InlineData("""{"steps":[null]}""")]
    [InlineData("""{"steps":[{"command":"Pi\u0000ng","format":"Json","arguments":""}]}""")]
    public async Task Steps_that_cannot_be_read_allow_nothing(string arguments)
    {
        var commands = OrderCommands.Of("Steps", BodyFormat.Json, Encoding.UTF8.GetBytes(arguments));
        Assert.NotNull(commands.Fault);
        Assert.NotNull(OrderCommands.Of("sTEPS", BodyFormat.Clixml, Encoding.UTF8.GetBytes(arguments)).Fault);

        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("a");
        PantryException refused = await Assert.ThrowsAsync<PantryException>(() => fleet.RunAsync(
            new JobRequest { Target = Target.All, Command = "Steps", Format = BodyFormat.Json, Arguments = Encoding.UTF8.GetBytes(arguments) }));
        Assert.Equal(PantryErrorCode.InvalidArgument, refused.Code);
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task A_step_sees_its_own_secrets_alone_and_none_is_in_the_row()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("a");

        ResultRow row = Assert.Single(await fleet.RunAsync(Request(Target.Clients(["a"]), Shell("echo \"1:$TOKEN:$OTHER:\""), Shell("echo \"2:$TOKEN:$OTHER:\"; test \"$OTHER\" = sesame99")) with
        {
            Secrets = new Dictionary<string, byte[]> { [OrderSteps.SecretName(1, "TOKEN")] = "hunter22"u8.ToArray(), [OrderSteps.SecretName(2, "OTHER")] = "sesame99"u8.ToArray() },
        }));

        Assert.Equal(CommandStatus.Succeeded, row.Result.Status);
        Assert.Equal(["1:********::\n", "2::********:\n"], Rows(row).Select(step => Encoding.UTF8.GetString(step.StandardOutput)));
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task A_step_that_takes_too_long_is_stopped_and_its_output_kept()
    {
        await using Fleet fleet = await Fleet.StartAsync(new() { TerminationGrace = TimeSpan.FromMilliseconds(300), OutputDrain = TimeSpan.FromMilliseconds(200) });
        await fleet.AddAsync("a");

        ResultRow own = await RunAsync(fleet, [Shell("echo begun; sleep 600") with { TimeoutSeconds = 0.5 }, Shell("echo never")]);
        Assert.Equal((CommandStatus.TimedOut, "RunTimedOut"), (own.Result.Status, own.Result.Error!.Code));
        Assert.Equal("begun\n", Encoding.UTF8.GetString(Rows(own)[0].StandardOutput));

        ResultRow whole = Assert.Single(await fleet.RunAsync(Request(Target.All, Shell("echo first"), Shell("echo second; sleep 600")) with { Timeout = TimeSpan.FromSeconds(1) }));
        Assert.Equal(CommandStatus.TimedOut, whole.Result.Status);
        Assert.Equal(["first\n", "second\n"], Rows(whole).Select(step => Encoding.UTF8.GetString(step.StandardOutput)));
        Assert.Equal([CommandStatus.Succeeded, CommandStatus.TimedOut], Rows(whole).Select(step => step.Status));
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task Output_of_many_steps_is_bounded_together_and_the_last_still_has_some()
    {
        await using Fleet fleet = await Fleet.StartAsync(new() { OutputBytes = 100_000 });
        await fleet.AddAsync("a");

        ResultRow row = await RunAsync(fleet, [.. Enumerable.Range(0, 10).Select(_ => Shell("head -c 60000 /dev/zero | tr '\\0' x")), Shell("echo the end; exit 1")]);

        Assert.True(row.Result.Truncated);
        Assert.InRange(row.Body(Result.OutputBody).Length, 100_000, 800_000);
        Assert.Equal("the end\n", Encoding.UTF8.GetString(Rows(row)[^1].StandardOutput));
    }

    private static async Task<ResultRow> RunAsync(Fleet fleet, OrderStep[] steps, string client = "a") => Assert.Single(await fleet.RunAsync(Request(Target.Clients([client]), steps)));

    private static JobRequest Request(Target target, params OrderStep[] steps) =>
        new() { Target = target, Command = "Steps", Format = BodyFormat.Json, Arguments = new OrderSteps(steps).ToBytes() };

    private static OrderStep Shell(string line) => new("Shell", BodyFormat.Json, Fleet.Json(new { line }));

    private static IReadOnlyList<StepRow> Rows(ResultRow row) => JsonSerializer.Deserialize(row.Body(Result.OutputBody), OrderStepsJson.Default.StepRows)!.Steps;
}
