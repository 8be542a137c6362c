using System.Text.Json;

namespace Pantry.Daemon.Tests;

/// <summary>What lets clients in can be looked at and taken back.</summary>
public sealed class EnrollmentsTests
{
    [Fact]
    public async Task Enrolments_and_tokens_are_listed_and_one_that_is_withdrawn_lets_nobody_in()
    {
        await using var fleet = new DaemonFleet();
        await fleet.StartServerAsync();
        Assert.Equal("", (await fleet.OperateAsync("enrollments")).Ends(ExitCode.Success).Output);
        await fleet.EnrollAsync("web00");
        string file = Path.Combine(fleet.Directory, "web01.enrollment");
        string enrolment = Id(await fleet.OperateAsync("enroll", "web01", "--application", "shop", "--role", "web,db", "--out-file", file, "-o", "json"));
        string token = Id(await fleet.OperateAsync("enroll", "--token", "db*", "--application", "shop", "-o", "json"));

        PantryRun open = (await fleet.OperateAsync("enrollments")).Ends(ExitCode.Success);
        string[] lines = open.Output.Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.Matches(@"^ID +KIND +FOR +APPLICATION +ENVIRONMENT +ROLES +STATUS +CREATED BY +EXPIRES$", lines[0]);
        Assert.Matches($@"^{enrolment} +Enrollment +web01 +shop +web,db +Open +local ", lines[1]);
        Assert.Matches($@"^{token} +Token +db\* +shop +Open +local ", lines[2]);
        using JsonDocument one = JsonDocument.Parse((await fleet.OperateAsync("enrollments", "--kind", "token", "-o", "json")).Ends(ExitCode.Success).Output);
        Assert.Equal((token, "Open"), (one.RootElement.GetProperty("Id").GetString(), one.RootElement.GetProperty("Status").GetString()));
        PantryRun quiet = (await fleet.OperateAsync("enrollments", "-q")).Ends(ExitCode.Success);
        Assert.Equal(("", ""), (quiet.Output, quiet.Errors));

        PantryRun withdrawn = (await fleet.OperateAsync("enrollments", "withdraw", enrolment, "none", token)).Ends(ExitCode.NotFound);
        Assert.Equal([$"{enrolment}: Withdrawn", $"{token}: Withdrawn"], withdrawn.Output.Split('\n'));
        Assert.Contains("There is no enrolment or token 'none'. pantry enrollments lists those that are open. (NoMatchingEnrollment)", withdrawn.Errors, StringComparison.Ordinal);
        PantryRun over = (await fleet.OperateAsync("enrollments", enrolment)).Ends(ExitCode.NotFound);
        Assert.Contains($"the server has no open enrolment or token '{enrolment}'", over.Errors, StringComparison.Ordinal);
        Assert.Contains("--all", over.Errors, StringComparison.Ordinal);
        PantryRun all = (await fleet.OperateAsync("enrollments", "--all", "-o", "json")).Ends(ExitCode.Success);
        Assert.Equal(["Used", "Withdrawn", "Withdrawn"], all.Output.Split('\n').Select(line => JsonDocument.Parse(line).RootElement.GetProperty("Status").GetString()));

        PantryRun late = await PantryProcess.RunAsync("client", "enroll", "--file", file, "--config", fleet.ClientConfig("web01"), "--path", fleet.Home("web01"));
        Assert.NotEqual(ExitCode.Success, late.Code);
        Assert.Equal("web00", JsonDocument.Parse((await fleet.OperateAsync("clients", "-o", "json")).Ends(ExitCode.Success).Output).RootElement.GetProperty("Identity").GetString());
    }

    [Fact]
    public async Task Withdrawing_is_offered_by_completion_and_asks_which()
    {
        PantryRun verbs = (await PantryProcess.RunAsync("[suggest:20]", "pantry enrollments w")).Ends(ExitCode.Success);
        Assert.Equal("withdraw", verbs.Output);
        PantryRun run = (await PantryProcess.RunAsync("enrollments", "withdraw")).Ends(ExitCode.Usage);
        Assert.StartsWith("pantry: Required argument missing for command: 'withdraw'.\n", run.Errors, StringComparison.Ordinal);
    }

    private static string Id(PantryRun run)
    {
        using JsonDocument made = JsonDocument.Parse(run.Ends(ExitCode.Success).Output);
        return made.RootElement.GetProperty("Id").GetString()!;
    }
}
