using Microsoft.Extensions.Logging.Abstractions;
using Pantry.Configuration;
using Pantry.Server.Provisioning;
using Pantry.Storage;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Storage;

public sealed class ReportKillTests
{
    [Fact]
    public async Task A_row_that_was_confirmed_has_its_report_once_after_the_process_was_killed_at_any_moment()
    {
        using var root = new StorageRoot();
        var said = new HashSet<(string Job, string Client)>();
        for (int round = 0; round < 5; round++)
        {
            await using HostProcess writer = await HostProcess.StartAsync("storage", root.Path, "reports");
            int lines = Random.Shared.Next(20, 400);
            for (int i = 0; i < lines; i++)
                Note((await writer.ReadLineAsync())!, said);
            await writer.KillAsync();
            while (await writer.ReadLineAsync() is { } line)
                Note(line, said);

            using ServerDatabase database = root.Open();
            await using JobStore jobs = JobStore.Open(database);
            using var provisioning = ProvisioningDatabase.Open(database);
            await using (var taker = new ReportTaker(jobs, provisioning.Reports, provisioning.Pins, new PantryOptions(), TimeProvider.System, NullLogger.Instance))
                taker.TakeAll();

            List<(string Job, string Client)> kept = [.. provisioning.Reports.Heads(null).Select(head => (head.Job, head.Client))];
            Assert.Empty(said.Except(kept));
            Assert.Equal(kept.Distinct().Count(), kept.Count);
            Assert.Empty(jobs.ReportsDue((1, 1)));
        }

        Assert.NotEmpty(said);
    }

    private static void Note(string line, HashSet<(string Job, string Client)> said)
    {
        // A line ends in a dot; the pipe can end in the middle of one.
        if (line.Split(' ') is ["stored", var job, _, var client, "."])
            said.Add((job, client));
    }
}
