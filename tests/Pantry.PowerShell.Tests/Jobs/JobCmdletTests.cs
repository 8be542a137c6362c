using System.Diagnostics;
using System.Management.Automation;
using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Jobs;

/// <summary>Jobs as the server keeps them.</summary>
public sealed class JobCmdletTests
{
    private const string Endless = "{ while ($true) { $null = [Threading.Tasks.Task]::Delay(20).Wait(20) } }";

    [Fact]
    public void Jobs_are_listed_with_the_newest_first_and_filtered()
    {
        using Session session = Session.WithFleet("one shop", "two shop");
        session.Run("$a = Send-PantryCommand -All -Name Ping; $b = Send-PantryCommand -Client one -ShellCommand 'echo hi'; $c = Send-PantryCommand -Client one, nobody -Name Ping -ErrorAction Ignore").Clean();

        Assert.Equal(["Ping", "Shell", "Ping"], session.Run("Get-PantryJob").Texts("Command"));
        Assert.Equal(["2", "1", "2"], session.Run("Get-PantryJob").Texts("Done"));
        Assert.Equal(["1", "0", "0"], session.Run("Get-PantryJob").Texts("Failed"));
        Assert.Equal(["Shell"], session.Run("Get-PantryJob -Command sh*").Texts("Command"));
        Assert.Equal(["local"], session.Run("Get-PantryJob -Newest 1 -Operator loc*").Texts("Operator"));
        Assert.Empty(session.Run("Get-PantryJob -State Running").Clean());
        Assert.Equal(3, session.Run("Get-PantryJob -State Ended -All").Clean().Count);
        Assert.Equal(["Shell"], session.Run("$b | Get-PantryJob").Texts("Command"));
        Assert.Single(session.Run("$a | Get-PantryJob").Clean());
        Assert.Single(session.Run("Get-PantryJob ($b.JobId.Substring(0, 31) + '?')").Clean());
        Assert.Empty(session.Run("Get-PantryJob no*").Clean());
        Assert.Equal(["NoMatchingJob"], session.Run("Get-PantryJob nothing").ErrorIds);
        Assert.Empty(session.Run("Get-PantryJob -Newest 2").Warnings);
    }

    [Fact]
    public void Whoever_has_not_said_how_many_is_told_that_there_are_more()
    {
        using Session session = Session.WithFleet("one shop");
        session.Run("foreach ($i in 1..101) { $null = Send-PantryCommand -All -Name Ping }").Clean();

        Outcome some = session.Run("Get-PantryJob");

        Assert.Equal(100, some.Clean().Count);
        Assert.Contains("-All", Assert.Single(some.Warnings), StringComparison.Ordinal);
        Assert.Equal(101, session.Run("Get-PantryJob -All").Clean().Count);
    }

    [Fact]
    public void Waiting_brings_jobs_as_they_end()
    {
        using Session session = Session.WithFleet("one shop", "two shop");
        string go = Path.Combine(session.Root, "go");
        session.Set("go", go);
        session.Run("$long = Send-PantryCommand -Client one -AsJob { while (-not [IO.File]::Exists($using:go)) { $null = [Threading.Tasks.Task]::Delay(20).Wait(20) } }; $short = Send-PantryCommand -Client two -AsJob { 1 }").Clean();

        using Running running = session.Start("$long, $short | Wait-PantryJob");
        Assert.True(SpinWait.SpinUntil(() => running.Output.Count == 1, Session.Deadline));
        File.WriteAllText(go, "");
        Outcome waited = running.Wait(Session.Deadline);

        waited.Clean();
        Assert.Equal(session.Run("$short, $long").Texts("JobId"), waited.Texts("JobId"));
        Assert.Equal(["Ended", "Ended"], waited.Texts("State"));
        Assert.Equal(["NoMatchingJob"], session.Run("Wait-PantryJob nothing").ErrorIds);
    }

    [Fact]
    public void Waiting_that_takes_too_long_says_that_the_job_goes_on()
    {
        using Session session = Session.WithFleet("one shop");
        session.Run($"$job = Send-PantryCommand -All -AsJob {Endless}").Clean();

        Outcome late = session.Run("$job | Wait-PantryJob -Timeout 0.5");

        Assert.Equal(["TimedOut"], late.ErrorIds);
        Assert.Contains("goes on", late.Message, StringComparison.Ordinal);
        Assert.Contains(session.Run("$job.JobId").Clean().Single()!.ToString(), late.Message, StringComparison.Ordinal);
        Assert.Equal(["Running"], session.Run("$job | Get-PantryJob").Texts("State"));
        session.Run("Stop-PantryJob $job").Clean();
    }

    [Theory]
    [InlineData("Send-PantryCommand -Client one, nobody -ErrorAction Ignore")]
    [InlineData("$job = Send-PantryCommand -Client one, nobody -AsJob", "; $job | Wait-PantryJob")]
    [InlineData("$job = Send-PantryCommand -Client one, nobody -AsJob", "; $job | Receive-PantryJob -Wait -ErrorAction Ignore")]
    public void What_takes_long_shows_how_far_it_is_and_takes_that_away_at_its_end(string before, string after = "")
    {
        using Session session = Session.WithFleet("one shop");

        Outcome outcome = session.Run($"{before} {{ $null = [Threading.Tasks.Task]::Delay(2500).Wait(2500) }}{after}");

        outcome.Clean();
        // What PowerShell shows while it looks for modules is not meant.
        ProgressRecord[] shown = [.. outcome.Progress.Where(record => record.StatusDescription.Contains("targets done", StringComparison.Ordinal))];
        Assert.InRange(shown.Length, 2, 12);
        Assert.Contains(shown, record => record.RecordType == ProgressRecordType.Processing && record.StatusDescription.StartsWith("1 of 2 targets done, 1 of them", StringComparison.Ordinal));
        Assert.Equal(ProgressRecordType.Completed, shown[^1].RecordType);
        Assert.Single(shown.Select(record => record.Activity).Distinct());
    }

    [Theory]
    [InlineData("$job | Wait-PantryJob")]
    [InlineData("$job | Receive-PantryJob -Wait")]
    public void Ctrl_C_ends_the_waiting_at_once_and_not_the_job(string waiting)
    {
        using Session session = Session.WithFleet("one shop");
        session.Run($"$job = Send-PantryCommand -All -AsJob {Endless}").Clean();
        string mark = Path.Combine(session.Root, "waits");
        session.Set("mark", mark);
        using Running running = session.Start($"[IO.File]::WriteAllText($mark, ''); {waiting}");
        Assert.True(SpinWait.SpinUntil(() => File.Exists(mark), Session.Deadline));

        long begun = Stopwatch.GetTimestamp();
        running.Stop();

        Assert.InRange(Stopwatch.GetElapsedTime(begun), TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.Equal(["Running"], session.Run("$job | Get-PantryJob").Texts("State"));
        session.Run("Stop-PantryJob $job").Clean();
    }

    [Fact]
    public void Results_are_received_again_and_again_from_any_console()
    {
        using Session here = Session.WithFleet("one shop", "two shop");
        here.Run("$results = Send-PantryCommand -Client one, two, nobody -ErrorAction Ignore { [pscustomobject]@{ Answer = 42 } }").Clean();
        string id = here.Run("$results[0].JobId").Clean().Single()!.ToString()!;
        using Session there = Session.Open();
        there.Run($"$null = {here.Connecting()}").Clean();
        there.Set("id", id);

        foreach (Session session in (Session[])[here, there, there])
        {
            session.Set("id", id);
            Outcome received = session.Run("Receive-PantryJob $id");
            Assert.Equal(["nobody", "one", "two"], received.Texts("Client").Order());
            Assert.Equal(["UnknownClient"], received.ErrorIds);
            Assert.Equal("42", received.Output.First(row => row.Text("Client") == "one").List("Output")[0] is PSObject item ? item.Text("Answer") : "");
        }

        Assert.Equal(["one", "two"], there.Run("Receive-PantryJob $id -Client o*, t* -Wait").Texts("Client").Order());
        Assert.Single(there.Run("Receive-PantryJob $id -From 2 -ErrorAction Ignore").Output);
        Assert.Empty(there.Run("Receive-PantryJob $id -From 20").Clean());
        Assert.Equal(["NoMatchingJob"], there.Run("Receive-PantryJob nothing").ErrorIds);
    }

    [Fact]
    public void A_pattern_means_the_jobs_that_have_not_ended_and_for_results_all()
    {
        using Session session = Session.WithFleet("one shop");
        session.Run($"$null = Send-PantryCommand -All -Name Ping; $a = Send-PantryCommand -All -AsJob {Endless}; $b = Send-PantryCommand -All -AsJob {Endless}").Clean();

        Assert.Empty(session.Run("Stop-PantryJob no*; Wait-PantryJob no*; Receive-PantryJob no*").Clean());
        Assert.Equal(["Suspended", "Suspended"], session.Run("Suspend-PantryJob * -PassThru").Texts("State"));
        Assert.Equal(2, session.Run("Wait-PantryJob ?, * -Timeout 0.3").Errors.Count);
        Assert.Equal(["Cancelled", "Cancelled"], session.Run("Stop-PantryJob * -PassThru").Texts("State"));
        Assert.Empty(session.Run("Wait-PantryJob *").Clean());
        Assert.Equal(["Cancelled", "Cancelled", "Succeeded"], session.Run("Receive-PantryJob * -ErrorAction Ignore").Texts("Status").Order());
    }

    [Fact]
    public void Another_operator_sees_nothing_of_a_job()
    {
        using Session here = Session.WithFleet("one shop");
        string id = here.Run("(Send-PantryCommand -All -Name Ping).JobId").Clean().Single()!.ToString()!;
        using Session there = Session.Open();
        there.Run($"$null = {here.Connecting("other", "shop:*", administrator: false)}").Clean();

        Assert.Empty(there.Run("Get-PantryJob").Clean());
        foreach (string cmdlet in (string[])["Get", "Receive", "Wait", "Stop", "Suspend", "Resume"])
            Assert.Equal(["NoMatchingJob"], there.Run($"{cmdlet}-PantryJob {id}").ErrorIds);
    }

    [Fact]
    public void Receiving_without_waiting_brings_what_is_there()
    {
        using Session session = Session.WithFleet("one shop", "two shop");
        session.Run($"$job = Send-PantryCommand -All -BatchSize 1 -AsJob {Endless}").Clean();

        Assert.Empty(session.Run("$job | Receive-PantryJob").Clean());
        session.Run("$job | Stop-PantryJob").Clean();
        Outcome received = session.Run("$job | Receive-PantryJob");

        Assert.Equal(["Cancelled", "Cancelled"], received.Texts("Status"));
        Assert.Equal(2, received.Errors.Count);
    }

    [Fact]
    public void Stopping_waits_until_every_client_has_confirmed()
    {
        using Session session = Session.WithFleet("one shop", "two shop");
        string mark = Path.Combine(session.Root, "ran");
        session.Set("mark", mark);
        session.Run("$job = Send-PantryCommand -All -BatchSize 1 -AsJob { [IO.File]::WriteAllText($using:mark, ''); while ($true) { $null = [Threading.Tasks.Task]::Delay(20).Wait(20) } }").Clean();
        Assert.True(SpinWait.SpinUntil(() => File.Exists(mark), Session.Deadline));

        Assert.Empty(session.Run("$job | Stop-PantryJob -WhatIf").Clean());
        Assert.Equal(["Running"], session.Run("$job | Get-PantryJob").Texts("State"));
        Outcome stopped = session.Run("$job | Stop-PantryJob -PassThru");

        stopped.Clean();
        Assert.Equal(["Cancelled"], stopped.Texts("State"));
        Assert.Equal(["2"], stopped.Texts("Done"));
        foreach (string cmdlet in (string[])["Stop", "Suspend", "Resume"])
            Assert.Equal(["JobEnded"], session.Run($"$job | {cmdlet}-PantryJob").ErrorIds);
    }

    [Fact]
    public void A_job_that_is_held_starts_no_further_client_until_it_is_resumed()
    {
        using Session session = Session.WithFleet("one shop", "two shop");
        string go = Path.Combine(session.Root, "go");
        session.Set("go", go);
        session.Run("$job = Send-PantryCommand -All -BatchSize 1 -AsJob { while (-not [IO.File]::Exists($using:go)) { $null = [Threading.Tasks.Task]::Delay(20).Wait(20) } }").Clean();

        Assert.Equal(["Suspended"], session.Run("$job | Suspend-PantryJob -PassThru").Texts("State"));
        File.WriteAllText(go, "");
        session.Until("($job | Get-PantryJob).Done -eq 1");
        Assert.Equal(["Suspended"], session.Run("$job | Get-PantryJob").Texts("State"));
        Assert.Equal(["Running"], session.Run("$job | Resume-PantryJob -PassThru").Texts("State"));

        Assert.Equal(["2"], session.Run("$job | Wait-PantryJob -Timeout 30").Texts("Succeeded"));
    }

    [Fact]
    public void Orders_that_wait_are_listed_and_taken_back()
    {
        using Session session = Session.WithFleet("three shop");
        session.Run("$null = New-PantryEnrollment one -Application shop -OutFile $root/one; $null = New-PantryEnrollment two -Application shop -OutFile $root/two").Clean();
        using (Session elsewhere = Session.Open())
        {
            elsewhere.Set("at", session.Root);
            elsewhere.Run("$null = Register-PantryClient -EnrollmentFile $at/one; $null = Register-PantryClient -EnrollmentFile $at/two").Clean();
        }

        session.Run("$job = Send-PantryCommand -All -Name Ping -Queue -AsJob").Clean();

        Assert.Equal(["one", "two"], session.Run("Get-PantryQueue").Texts("Client").Order());
        Assert.Equal(["one"], session.Run("$job | Get-PantryQueue -Client o*").Texts("Client"));
        Assert.Empty(session.Run("Get-PantryQueue -Command Shell").Clean());
        Assert.Empty(session.Run("Get-PantryQueue no*").Clean());
        Assert.Empty(session.Run("Get-PantryQueue | Remove-PantryQueue -WhatIf").Clean());
        Assert.Equal(["one"], session.Run("Get-PantryQueue -Client one | Remove-PantryQueue -PassThru").Texts("Client"));
        Assert.Equal(["two"], session.Run("Get-PantryQueue").Texts("Client"));
        Assert.Single(session.Run("Remove-PantryQueue $job one").Errors);
        session.Run("Remove-PantryQueue $job.JobId two").Clean();

        Outcome ended = session.Run("$job | Wait-PantryJob -Timeout 30");
        Assert.Equal(["1"], ended.Texts("Succeeded"));
        Assert.Equal(["2"], ended.Texts("Failed"));
    }

    [Theory]
    [InlineData("Get-PantryJob ")]
    [InlineData("Receive-PantryJob -Id ")]
    [InlineData("Get-PantryQueue ")]
    public void Ids_of_jobs_are_completed(string line)
    {
        using Session session = Session.WithFleet("one shop");
        string id = session.Run("(Send-PantryCommand -All -Name Ping).JobId").Clean().Single()!.ToString()!;

        // The first try may take longer than anybody waits while the machine is busy.
        session.Until($"[Management.Automation.CommandCompletion]::CompleteInput('{line}', {line.Length}, $null).CompletionMatches.CompletionText -eq '{id}'");
        Assert.Empty(session.Run($"Stop-PantryServer; [Management.Automation.CommandCompletion]::CompleteInput('{line}zz', {line.Length + 2}, $null).CompletionMatches").Clean());
    }
}
