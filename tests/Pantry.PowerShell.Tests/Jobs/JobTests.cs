using System.Diagnostics;
using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Jobs;

public sealed class JobTests
{
    [Fact]
    public void A_job_has_a_child_for_each_target_and_is_received_like_any_other()
    {
        using Session session = Session.WithFleet("one shop", "two shop");

        session.Run("$job = Send-PantryCommand -All -AsJob { 'done' }").Clean();

        Assert.Equal(["one", "two"], session.Run("$job.ChildJobs").Texts("Location").Order());
        Assert.Equal("Completed", session.Run("(Wait-Job $job -Timeout 30).State").Clean().Single()!.ToString());
        Assert.Equal(["PantryJob"], session.Run("Get-Job -Id $job.Id").Texts("PSJobTypeName"));
        Assert.Equal(["one", "two"], session.Run("Receive-Job $job").Texts("Client").Order());
        Assert.Empty(session.Run("Receive-Job $job").Clean());
        session.Run("Remove-Job $job").Clean();
        Assert.Empty(session.Run("Get-Job").Clean());
    }

    [Fact]
    public void A_child_that_failed_fails_the_job_and_its_error_is_received()
    {
        using Session session = Session.WithFleet("one shop");

        session.Run("$job = Send-PantryCommand -Client one, nobody -Name Ping -AsJob; $null = Wait-Job $job -Timeout 30").Clean();

        Assert.Equal("Failed", session.Run("$job.State").Clean().Single()!.ToString());
        Outcome received = session.Run("Receive-Job $job");
        Assert.Equal(["Succeeded", "Unknown"], received.Texts("Status").Order());
        Assert.Equal(["UnknownClient"], received.ErrorIds);
    }

    [Fact]
    public void Stopping_a_job_cancels_what_runs()
    {
        using Session session = Session.WithFleet("one shop");
        string mark = Path.Combine(session.Root, "ran");
        session.Set("mark", mark);
        session.Run("$job = Send-PantryCommand -All -AsJob { [IO.File]::WriteAllText($using:mark, ''); while ($true) { $null = [Threading.Tasks.Task]::Delay(20).Wait(20) } }").Clean();
        Assert.True(SpinWait.SpinUntil(() => File.Exists(mark), Session.Deadline));

        long begun = Stopwatch.GetTimestamp();
        session.Run("Stop-Job $job").Clean();

        Assert.InRange(Stopwatch.GetElapsedTime(begun), TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.Equal("Stopped", session.Run("$job.State").Clean().Single()!.ToString());
        Assert.Equal(["Cancelled"], session.Run("Receive-Job $job -ErrorAction SilentlyContinue").Texts("Status"));
        session.Run("Remove-Job $job").Clean();
    }

    [Fact]
    public void An_order_that_is_stopped_at_any_moment_before_there_is_a_job_for_it_does_not_run_on()
    {
        using Session session = Session.WithFleet("one shop");
        session.Run("$null = Send-PantryCommand -All -Name Ping").Clean();

        for (int moment = 0; moment < 40; moment++)
        {
            using Running running = session.Start("$null = Send-PantryCommand -All -AsJob { while ($true) { $null = [Threading.Tasks.Task]::Delay(20).Wait(20) } }");
            for (long begun = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(begun).TotalMilliseconds < moment * 0.5;)
                Thread.SpinWait(20);
            running.Stop();
        }

        // Whoever has a job can stop it; of an order without one nobody knows.
        session.Until("$own = @(Get-Job | ForEach-Object JobId); @(Get-PantryJob -All | Where-Object { $_.State -notin 'Ended', 'Cancelled' -and $_.JobId -notin $own }).Count -eq 0");
        session.Run("Get-Job | Stop-Job; Get-Job | Remove-Job").Clean();
    }

    [Fact]
    public void A_job_whose_pipeline_ends_with_it_is_followed_all_the_same()
    {
        using Session session = Session.WithFleet("one shop");

        session.Run("foreach ($once in 1) { Send-PantryCommand -All -AsJob { 'done' } | ForEach-Object { $job = $_; break } }").Clean();

        Assert.Equal("Completed", session.Run("(Wait-Job $job -Timeout 30).State").Clean().Single()!.ToString());
        Assert.Equal(["one"], session.Run("Receive-Job $job").Texts("Client"));
    }

    [Fact]
    public void A_job_of_a_session_that_is_closed_ends_with_a_row_for_every_target()
    {
        using Session here = Session.WithFleet("one shop");
        using Session there = Session.Open();
        there.Run($"$null = {here.Connecting()}; $job = Send-PantryCommand -All -AsJob {{ while ($true) {{ $null = [Threading.Tasks.Task]::Delay(20).Wait(20) }} }}").Clean();

        there.Run("Disconnect-PantryServer; $null = Wait-Job $job -Timeout 30").Clean();

        Assert.Equal(["Lost"], there.Run("Receive-Job $job -ErrorAction SilentlyContinue").Texts("Status"));
    }
}
