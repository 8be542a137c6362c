using Pantry.Operators;
using Pantry.Targeting;

namespace Pantry.Tests.EndToEnd;

public sealed class OrdersTests
{
    [Fact]
    public async Task A_client_answers_a_ping()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("app.host", "pantry", "test", ["web", "db"]);

        ResultRow row = Assert.Single(await fleet.RunAsync(Target.All, "Ping"));

        Assert.Equal(("app.host", CommandStatus.Succeeded), (row.Client, row.Result.Status));
        Assert.NotNull(row.RoundTrip);
    }

    [Fact]
    public async Task A_shell_command_brings_output_and_exit_code_back()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("one");

        ResultRow row = Assert.Single(await fleet.RunAsync(Target.Clients(["one"]), "Shell", new { line = "echo häl­lo; exit 3" }));

        Assert.Equal((CommandStatus.Failed, 3), (row.Result.Status, row.Result.ExitCode));
        Assert.Equal("häl­lo\n", Fleet.Text(row));
        Assert.Equal("NonZeroExitCode", row.Result.Error!.Code);
    }
}
