using System.Text.Json;

namespace Pantry.Daemon.Tests;

/// <summary>A server, two clients and an operator, all of them the built program.</summary>
public sealed class FleetTests
{
    public static bool NoSignals => OperatingSystem.IsWindows();

    [Fact(SkipWhen = nameof(NoSignals), SkipType = typeof(FleetTests), Skip = "Signals are POSIX.")]
    public async Task Clients_that_came_in_by_a_file_and_by_a_token_answer_an_order_to_their_stream()
    {
        await using var fleet = new DaemonFleet();
        await fleet.StartServerAsync();
        await fleet.EnrollAsync("web01");
        using JsonDocument token = Json(await fleet.OperateAsync("enroll", "--token", "web*", "--application", "shop", "--environment", "production", "-o", "json"));
        PantryRun joined = await PantryProcess.RunAsync(
            "client", "enroll", "--server", $"127.0.0.1:{fleet.ReceivePort}", "--publish-port", $"{token.RootElement.GetProperty("PublishPort").GetInt32()}",
            "--server-key", token.RootElement.GetProperty("ServerPublicKey").GetString()!, "--token", token.RootElement.GetProperty("Token").GetString()!,
            "--identity", "web02", "--config", fleet.ClientConfig("web02"), "--path", fleet.Home("web02"), "-o", "json");
        using JsonDocument registration = Json(joined);
        Assert.Equal("Approved", registration.RootElement.GetProperty("Status").GetString());
        await fleet.StartClientAsync("web01");
        await fleet.StartClientAsync("web02");

        PantryRun text = (await fleet.OperateAsync("send", "--stream", "shop.production", "--", "hostname")).Ends(ExitCode.Success);
        Assert.Equal([$"web01: {Environment.MachineName}", $"web02: {Environment.MachineName}"], text.Output.Split('\n').Order());
        Assert.Contains("2 targets: 2 Succeeded", text.Errors, StringComparison.Ordinal);

        PantryRun lines = (await fleet.OperateAsync("send", "--client", "web01,web02", "--shell", "echo on; exit 3", "--output", "json")).Ends(ExitCode.NotSucceeded);
        JsonElement[] rows = [.. lines.Output.Split('\n').Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(["web01", "web02"], rows.Select(row => row.GetProperty("Client").GetString()).Order());
        Assert.All(rows, row =>
        {
            Assert.Equal("Failed", row.GetProperty("Status").GetString());
            Assert.Equal(3, row.GetProperty("ExitCode").GetInt32());
            Assert.Equal("on\n", row.GetProperty("StandardOutput").GetString());
            Assert.Equal("NonZeroExitCode", row.GetProperty("Error").GetProperty("Code").GetString());
        });

        PantryRun clients = (await fleet.OperateAsync("clients", "-o", "json")).Ends(ExitCode.Success);
        Assert.Equal(["Online", "Online"], clients.Output.Split('\n').Select(line => JsonDocument.Parse(line).RootElement.GetProperty("Status").GetString()));
        using JsonDocument status = Json(await fleet.OperateAsync("status", "-o", "json"));
        Assert.Equal(2, status.RootElement.GetProperty("Server").GetProperty("Clients").GetProperty("Online").GetInt32());
        PantryRun own = (await PantryProcess.RunAsync("status", "--path", fleet.Home("web02"))).Ends(ExitCode.Success);
        Assert.Contains("Approved, Running", own.Output, StringComparison.Ordinal);
    }

    [Fact(SkipWhen = nameof(NoSignals), SkipType = typeof(FleetTests), Skip = "Signals are POSIX.")]
    public async Task A_client_that_starts_before_its_server_comes_in_when_the_server_is_there()
    {
        await using var fleet = new DaemonFleet();
        PantryProcess server = await fleet.StartServerAsync();
        await fleet.EnrollAsync("web01");
        Assert.Equal(0, await server.StopAsync());

        PantryProcess client = fleet.StartClient("web01");
        await client.SaysAsync("The client is not let in yet (ServerUnreachable)");
        await fleet.StartServerAsync();
        await client.SaysAsync("is Approved at");
        (await fleet.OperateAsync("send", "--all", "--", "true")).Ends(ExitCode.Success);
        Assert.Equal(0, await client.StopAsync());
    }

    [Fact(SkipWhen = nameof(NoSignals), SkipType = typeof(FleetTests), Skip = "Signals are POSIX.")]
    public async Task A_job_that_waits_outlives_a_killed_server_and_a_killed_client()
    {
        await using var fleet = new DaemonFleet();
        PantryProcess server = await fleet.StartServerAsync();
        await fleet.EnrollAsync("web01");
        PantryProcess client = await fleet.StartClientAsync("web01");
        await client.KillAsync();
        string mark = Path.Combine(fleet.Directory, "mark");
        string job = (await fleet.OperateAsync("send", "--client", "web01", "--queue", "--async", "--shell", $"echo once >> '{mark}'")).Ends(ExitCode.Success).Output;

        await server.KillAsync();
        await fleet.StartServerAsync();
        await fleet.StartClientAsync("web01");
        PantryRun waited = (await fleet.OperateAsync("jobs", job, "--wait")).Ends(ExitCode.Success);
        Assert.Contains("1 target: 1 Succeeded", waited.Errors, StringComparison.Ordinal);
        Assert.Equal(["once"], await File.ReadAllLinesAsync(mark));
        PantryRun jobs = (await fleet.OperateAsync("jobs")).Ends(ExitCode.Success);
        Assert.Contains(job, jobs.Output, StringComparison.Ordinal);
        Assert.Contains("1/1", jobs.Output, StringComparison.Ordinal);
    }

    [Fact(SkipWhen = nameof(NoSignals), SkipType = typeof(FleetTests), Skip = "Signals are POSIX.")]
    public async Task Ctrl_C_ends_the_waiting_at_once_and_cancels_the_order()
    {
        await using var fleet = new DaemonFleet();
        await fleet.StartServerAsync();
        await fleet.EnrollAsync("web01");
        await fleet.StartClientAsync("web01");
        string begun = Path.Combine(fleet.Directory, "begun");
        PantryProcess send = fleet.StartOperating("send", "--all", "--shell", $"touch '{begun}'; exec sleep 600");
        await ThereAsync(begun);

        send.Signal("INT");
        Assert.Equal((int)ExitCode.Interrupted, await send.ExitAsync());
        Assert.Contains("was cancelled", send.Errors, StringComparison.Ordinal);
        string job = (await fleet.OperateAsync("jobs", "-o", "json")).Ends(ExitCode.Success).Output;
        string id = JsonDocument.Parse(job).RootElement.GetProperty("JobId").GetString()!;
        PantryRun rows = (await fleet.OperateAsync("jobs", id, "--wait", "-o", "json")).Ends(ExitCode.NotSucceeded);
        Assert.Equal("Cancelled", JsonDocument.Parse(rows.Output).RootElement.GetProperty("Status").GetString());
    }

    [Fact(SkipWhen = nameof(NoSignals), SkipType = typeof(FleetTests), Skip = "Signals are POSIX.")]
    public async Task What_a_client_writes_cannot_drive_the_operators_terminal()
    {
        await using var fleet = new DaemonFleet();
        await fleet.StartServerAsync();
        await fleet.EnrollAsync("web01");
        await fleet.StartClientAsync("web01");
        foreach (string format in (string[])["text", "json"])
        {
            PantryRun run = (await fleet.OperateAsync("send", "--all", "-o", format, "--", "printf", @"\033[2Jred\007")).Ends(ExitCode.Success);
            Assert.Contains("red", run.Output, StringComparison.Ordinal);
            Assert.DoesNotContain(run.Output + run.Errors, character => char.IsControl(character) && character is not '\n');
        }
    }

    [Fact(SkipWhen = nameof(NoSignals), SkipType = typeof(FleetTests), Skip = "Signals are POSIX.")]
    public async Task A_client_without_an_enrolment_waits_until_it_is_approved_and_can_be_revoked()
    {
        await using var fleet = new DaemonFleet();
        await fleet.StartServerAsync();
        using JsonDocument status = Json(await fleet.OperateAsync("status", "-o", "json"));
        PantryRun joined = (await PantryProcess.RunAsync(
            "client", "enroll", "--server", $"127.0.0.1:{fleet.ReceivePort}", "--server-key", status.RootElement.GetProperty("Server").GetProperty("PublicKey").GetString()!,
            "--publish-port", $"{fleet.ReceivePort - 1}", "--identity", "web03", "--application", "shop", "--config", fleet.ClientConfig("web03"), "--path", fleet.Home("web03"), "-o", "json")).Ends(ExitCode.Success);
        string fingerprint = JsonDocument.Parse(joined.Output).RootElement.GetProperty("Fingerprint").GetString()!;
        PantryProcess client = fleet.StartClient("web03");
        await client.SaysAsync("is Pending at");
        Assert.Contains("web03: Offline", (await fleet.OperateAsync("approve", "--fingerprint", fingerprint)).Ends(ExitCode.Success).Output.Replace("Online", "Offline", StringComparison.Ordinal), StringComparison.Ordinal);
        // The order waits for the client, which registers anew.
        (await fleet.OperateAsync("send", "--client", "web03", "--queue", "--", "true")).Ends(ExitCode.Success);
        Assert.Contains("web03: Revoked", (await fleet.OperateAsync("revoke", "web03")).Ends(ExitCode.Success).Output, StringComparison.Ordinal);
        (await fleet.OperateAsync("send", "--client", "web03", "--", "true")).Ends(ExitCode.NotSucceeded);
    }

    [Fact(SkipWhen = nameof(NoSignals), SkipType = typeof(FleetTests), Skip = "Signals are POSIX.")]
    public async Task A_secret_comes_from_the_environment_reaches_the_command_and_is_in_no_file_and_no_log()
    {
        await using var fleet = new DaemonFleet();
        PantryProcess server = await fleet.StartServerAsync();
        await fleet.EnrollAsync("web01");
        PantryProcess client = await fleet.StartClientAsync("web01");
        string seen = Path.Combine(fleet.Directory, "seen"), value = Guid.NewGuid().ToString("N");
        await using PantryProcess send = PantryProcess.Start(
            new Dictionary<string, string> { ["API_KEY"] = value }, "send", "--operator-file", fleet.Console, "--all", "--secret", "API_KEY", "--shell", $"printf %s \"$API_KEY\" > '{seen}'; printf %s \"$API_KEY\" | wc -c");
        Assert.Equal(0, await send.ExitAsync());
        Assert.Equal(value, await File.ReadAllTextAsync(seen));
        Assert.Contains("web01: 32", send.Output, StringComparison.Ordinal);
        File.Delete(seen);
        Assert.DoesNotContain(value, server.Errors + client.Errors + send.Errors, StringComparison.Ordinal);
        Assert.All(
            // Locks are held and have nothing in them.
            Directory.EnumerateFiles(fleet.Directory, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith(".lock", StringComparison.Ordinal)),
            file => Assert.DoesNotContain(value, System.Text.Encoding.Latin1.GetString(Bytes(file)), StringComparison.Ordinal));
        (await fleet.OperateAsync("send", "--all", "--secret", "NOT_THERE", "--", "true")).Ends(ExitCode.Usage);
    }

    [Fact(SkipWhen = nameof(NoSignals), SkipType = typeof(FleetTests), Skip = "Signals are POSIX.")]
    public async Task An_operator_that_was_added_orders_what_its_scopes_say_until_it_is_revoked()
    {
        await using var fleet = new DaemonFleet();
        await fleet.StartServerAsync();
        await fleet.EnrollAsync("web01");
        await fleet.StartClientAsync("web01");
        string file = Path.Combine(fleet.Directory, "mary.operator");
        (await fleet.OperateAsync("operators", "add", "mary", "--scope", "shop.production:Shell", "--out-file", file)).Ends(ExitCode.Success);

        (await PantryProcess.RunAsync("send", "--operator-file", file, "--stream", "shop.production", "--", "true")).Ends(ExitCode.Success);
        PantryRun beyond = (await PantryProcess.RunAsync("send", "--operator-file", file, "--all", "--", "true")).Ends(ExitCode.Unreachable);
        Assert.Contains("OutOfScope", beyond.Errors, StringComparison.Ordinal);
        Assert.Contains("mary", (await fleet.OperateAsync("operators")).Ends(ExitCode.Success).Output, StringComparison.Ordinal);
        (await fleet.OperateAsync("operators", "revoke", "mary")).Ends(ExitCode.Success);
        PantryRun revoked = (await PantryProcess.RunAsync("clients", "--operator-file", file)).Ends(ExitCode.Unreachable);
        Assert.Contains("KeyUnknown", revoked.Errors, StringComparison.Ordinal);
    }

    private static JsonDocument Json(PantryRun run) => JsonDocument.Parse(run.Ends(ExitCode.Success).Output);

    // SQLite holds its files open.
    private static byte[] Bytes(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static async Task ThereAsync(string file)
    {
        using var deadline = new CancellationTokenSource(PantryProcess.Deadline);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!File.Exists(file))
            await timer.WaitForNextTickAsync(deadline.Token);
    }
}
