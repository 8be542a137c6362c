using System.Diagnostics;
using System.Globalization;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.TestHost;

namespace Pantry.Tests.Faults;

/// <summary>
/// Jobs of 20 clients while links are cut, closed, paused, slowed, and processes killed. PANTRY_FAULT_RUNS says how many
/// jobs, PANTRY_FAULT_SEED repeats a sequence.
/// </summary>
public sealed class FaultRunTests
{
    private const int JobsAtOnce = 5;

    [Fact]
    public async Task Every_target_has_one_row_no_command_runs_twice_and_no_result_is_lost_whatever_breaks()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A POSIX shell is needed.");
        int runs = Setting("PANTRY_FAULT_RUNS") ?? 50, seed = Setting("PANTRY_FAULT_SEED") ?? Random.Shared.Next();
        Say($"PANTRY_FAULT_SEED={seed}");
        await using FaultFleet fleet = await FaultFleet.StartAsync(clients: 20, processes: 4);
        var faults = new Dictionary<string, int>();
        var endings = new Dictionary<string, int>();
        var words = new HashSet<string>();
        var jobs = new List<FaultJob>();
        long begun = Stopwatch.GetTimestamp();
        for (int wave = 0; words.Count < runs; wave++)
        {
            using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(3));
            await fleet.HealAsync(deadline.Token);
            var random = new Random(unchecked(seed + wave));
            var script = new FaultScript(fleet, new Random(unchecked((seed * 31) + wave)));
            FaultJob[] started = [.. Enumerable.Range(0, Math.Min(JobsAtOnce, runs - words.Count)).Select(i => new FaultJob($"w{wave}j{i}", random))];
            words.UnionWith(started.Select(job => job.Word));
            jobs.AddRange(started);
            try
            {
                await Task.WhenAll([script.PlayAsync(steps: 12, deadline.Token), .. started.Select(job => job.RunAsync(fleet, deadline.Token))]);
            }
            catch (Exception exception)
            {
                Assert.Fail($"Seed {seed}, wave {wave}: {exception.GetType().Name}: {exception.Message}\n{string.Join('\n', started.Select(job => job.ToString()))}\n{string.Join('\n', script.Said)}");
            }

            IReadOnlyList<string> wrong = [.. started.SelectMany(job => job.Faults(fleet, script))];
            Assert.True(wrong.Count == 0, $"Seed {seed}, wave {wave}:\n{string.Join('\n', wrong)}\nAfter:\n{string.Join('\n', script.Said)}");
            foreach (string said in script.Said)
                faults[said.Split('|')[0]] = faults.GetValueOrDefault(said.Split('|')[0]) + 1;
            foreach (ResultRow row in started.SelectMany(job => job.Rows))
                endings[FaultJob.Ending(row)] = endings.GetValueOrDefault(FaultJob.Ending(row)) + 1;
        }

        using var end = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        await fleet.HealAsync(end.Token);
        await LookBackAsync(fleet, jobs, seed, end.Token);
        Say($"{runs} runs in {Stopwatch.GetElapsedTime(begun).TotalSeconds:0} s; faults: {Join(faults)}; rows: {Join(endings)}");
    }

    /// <summary>What the server has written down is what was read, also of jobs whose start was never answered.</summary>
    private static async Task LookBackAsync(FaultFleet fleet, IReadOnlyList<FaultJob> jobs, int seed, CancellationToken deadline)
    {
        List<JobInfo> found = await fleet.Watcher.FindJobsAsync(new JobFilter { Command = MarkCommand.CommandName }, deadline).ToListAsync(deadline);
        var known = jobs.ToDictionary(job => job.Id!);
        Assert.Empty(known.Keys.Except(found.Select(job => job.JobId)));
        foreach (JobInfo info in found)
        {
            IJob job = await fleet.Watcher.OpenJobAsync(info.JobId, 0, deadline);
            List<ResultRow> rows = await job.ReadRowsAsync(deadline).ToListAsync(deadline);
            Assert.Equal(fleet.Clients.Select(client => client.Identity).Order(), rows.Select(row => row.Client).Order());
            if (known.TryGetValue(info.JobId, out FaultJob? run))
                Assert.Equal(run.Rows.Select(row => (row.Number, row.Client, FaultJob.Ending(row))), rows.Select(row => (row.Number, row.Client, FaultJob.Ending(row))));
        }

        string[] twice = [.. fleet.Clients.SelectMany(client => client.Marks().Where(mark => mark.Value > 1).Select(mark => $"{client.Identity} ran {mark.Key} {mark.Value} times"))];
        Assert.True(twice.Length == 0, $"Seed {seed}: {string.Join(", ", twice)}");
        string[] offline = [.. jobs.SelectMany(job => job.NeverSentThough(fleet))];
        Assert.True(offline.Length == 0, $"Seed {seed}: {string.Join(", ", offline)}");
    }

    private static int? Setting(string name) => int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) ? value : null;

    private static string Join(Dictionary<string, int> counts) => string.Join(", ", counts.OrderByDescending(count => count.Value).Select(count => $"{count.Value} {count.Key}"));

    private static void Say(string text) => TestContext.Current.TestOutputHelper!.WriteLine(text);
}
