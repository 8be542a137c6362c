using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Jobs;

/// <summary>Whoever waits for jobs is told when they come further, and asks nothing in between.</summary>
public sealed class JobWaitTests
{
    private static readonly TimeSpan Never = TimeSpan.FromMinutes(10);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Of_many_jobs_the_one_that_ends_is_told_at_once(bool elsewhere)
    {
        // With these nothing but the end itself can bring an answer before the deadline.
        await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { RowWait = TimeSpan.FromMinutes(2), RequestTimeout = TimeSpan.FromMinutes(2), JobNewsInterval = Never });
        await fleet.AddAsync("one");
        (await fleet.EnrolKeyAsync("away")).Dispose();
        await using RemoteFleet? console = elsewhere ? await fleet.ConnectAsync() : null;
        IFleet asked = console ?? fleet.Server.Fleet;
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        var marks = new List<JobMark>();
        for (int i = 0; i < 200; i++)
            marks.Add(new JobMark((await fleet.Server.Fleet.StartJobAsync(Queued("one", "away"), deadline.Token)).Id, 1));
        await Fleet.EventuallyAsync(() => marks.All(mark => fleet.Server.Jobs.Find(mark.Job)!.Rows.Count == 1), "the one that is there to answer all");

        Task<IReadOnlyList<JobInfo>> news = asked.AwaitJobsAsync(marks, deadline.Token);
        await fleet.Server.Fleet.UnqueueAsync(marks[150].Job, "away", deadline.Token);

        JobInfo ended = Assert.Single(await news);
        Assert.Equal((marks[150].Job, PantryJobState.Ended, 2, 1), (ended.JobId, ended.State, ended.Done, ended.Failed));
        Assert.NotNull(ended.EndedAt);
    }

    [Fact]
    public async Task Rows_that_follow_each_other_are_told_together()
    {
        await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { JobNewsInterval = TimeSpan.FromSeconds(1) });
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob job = await StartForAwayAsync(fleet, deadline.Token);

        Task<IReadOnlyList<JobInfo>> news = fleet.Server.Fleet.AwaitJobsAsync([new JobMark(job.Id, 0)], deadline.Token);
        await fleet.Server.Fleet.UnqueueAsync(job.Id, "a", deadline.Token);
        await fleet.Server.Fleet.UnqueueAsync(job.Id, "b", deadline.Token);

        JobInfo further = Assert.Single(await news);
        Assert.Equal((PantryJobState.Running, 2), (further.State, further.Done));
    }

    [Fact]
    public async Task Of_a_job_that_nothing_is_known_of_it_is_told_how_it_is_and_of_one_that_stands_still_nothing()
    {
        await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { RowWait = TimeSpan.FromMilliseconds(200) });
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob job = await StartForAwayAsync(fleet, deadline.Token);

        Assert.Equal(0, Assert.Single(await fleet.Server.Fleet.AwaitJobsAsync([new JobMark(job.Id, -1)], deadline.Token)).Done);
        Assert.Empty(await fleet.Server.Fleet.AwaitJobsAsync([new JobMark(job.Id, 0)], deadline.Token));
        Assert.Empty(await fleet.Server.Fleet.AwaitJobsAsync([], deadline.Token));
    }

    [Fact]
    public async Task A_job_of_another_operator_cannot_be_waited_for()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob job = await StartForAwayAsync(fleet, deadline.Token);
        await using RemoteFleet console = await RemoteFleet.ConnectAsync(await fleet.AddOperatorAsync("mary"), options: fleet.Options);

        PantryException others = await Assert.ThrowsAsync<PantryException>(() => console.AwaitJobsAsync([new JobMark(job.Id, -1)], deadline.Token));
        PantryException none = await Assert.ThrowsAsync<PantryException>(() => console.AwaitJobsAsync([new JobMark("nothing", -1)], deadline.Token));

        Assert.Equal((PantryErrorCode.NoMatchingJob, PantryErrorCode.NoMatchingJob), (others.Code, none.Code));
    }

    [Fact]
    public async Task Nobody_waits_for_jobs_of_a_server_that_was_stopped()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob job = await StartForAwayAsync(fleet, deadline.Token);
        IFleet local = fleet.Server.Fleet;

        Task<IReadOnlyList<JobInfo>> news = local.AwaitJobsAsync([new JobMark(job.Id, 0)], deadline.Token);
        await fleet.Server.DisposeAsync();

        Assert.Equal(PantryErrorCode.Stopped, (await Assert.ThrowsAsync<PantryException>(() => news)).Code);
        Assert.Equal(PantryErrorCode.Stopped, (await Assert.ThrowsAsync<PantryException>(() => local.AwaitJobsAsync([new JobMark(job.Id, 0)], deadline.Token))).Code);
    }

    [Fact]
    public async Task Whoever_waits_does_so_on_when_the_server_was_restarted()
    {
        await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { HeartbeatInterval = TimeSpan.FromMilliseconds(500), DeadAfter = TimeSpan.FromSeconds(2) }, FixedPorts.Take(3));
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob job = await StartForAwayAsync(fleet, deadline.Token);
        await using RemoteFleet console = await fleet.ConnectAsync();

        Task<IReadOnlyList<JobInfo>> news = console.AwaitJobsAsync([new JobMark(job.Id, 0)], deadline.Token);
        await fleet.RestartServerAsync();
        await fleet.Server.Fleet.ControlJobAsync(job.Id, JobAction.Cancel, deadline.Token);

        // None may be what the first wait ends with; whoever waits asks again then.
        IReadOnlyList<JobInfo> heard = await news;
        while (heard.Count == 0 || heard[0].Done < 3)
            heard = await console.AwaitJobsAsync([new JobMark(job.Id, heard.Count == 0 ? 0 : heard[0].Done)], deadline.Token);
        Assert.Equal((job.Id, PantryJobState.Cancelled), (heard[0].JobId, heard[0].State));
    }

    private static async Task<IJob> StartForAwayAsync(Fleet fleet, CancellationToken cancellation)
    {
        foreach (string identity in (string[])["a", "b", "c"])
            (await fleet.EnrolKeyAsync(identity)).Dispose();
        return await fleet.Server.Fleet.StartJobAsync(Queued("a", "b", "c"), cancellation);
    }

    private static JobRequest Queued(params string[] clients) =>
        new() { Target = Target.Clients(clients), Command = "Ping", Plan = new RolloutPlan { Queue = true } };
}
