using System.Diagnostics;
using System.Management.Automation;
using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Cmdlets;

/// <summary>-Live: what clients write, as they write it.</summary>
public sealed class LiveTests
{
    private const string WaitForGo = "while (-not [IO.File]::Exists($using:go)) { $null = [Threading.Tasks.Task]::Delay(20).Wait(20) }";

    [Fact]
    public void A_scripts_records_come_one_by_one_and_its_result_behind_them()
    {
        using Session session = Session.WithFleet("one shop");
        string go = Path.Combine(session.Root, "go");
        session.Set("go", go);

        using Running running = session.Start($$"""
            Send-PantryCommand -All -Live -ScriptBlock {
                [CmdletBinding()] param()
                'first'
                $PSCmdlet.WriteWarning('careful')
                [pscustomobject]@{ N = 1 }
                {{WaitForGo}}
                2
                $PSCmdlet.WriteInformation('news', @('tag'))
                $PSCmdlet.WriteError([System.Management.Automation.ErrorRecord]::new([InvalidOperationException]::new('broken'), 'MyId', 'InvalidData', 'thing'))
            }
            """);
        Assert.True(SpinWait.SpinUntil(() => running.Output.Count == 3, Session.Deadline));
        Assert.Equal(["Output first", "Warning careful", "Output @{N=1}"], running.Output.Take(3).Select(item => $"{item.Text("Stream")} {item.Text("Text")}"));
        File.WriteAllText(go, "");
        Outcome outcome = running.Wait(Session.Deadline);

        Assert.Equal(["first", "careful", "@{N=1}", "2", "news", "broken"], outcome.Output.SkipLast(1).Select(item => item.Text("Text")));
        Assert.Equal(["Output", "Warning", "Output", "Output", "Information", "Error"], outcome.Output.SkipLast(1).Select(item => item.Text("Stream")));
        Assert.All(outcome.Output.SkipLast(1), item => Assert.True(IsLive(item)));
        Assert.Equal(1, PSObject.AsPSObject(outcome.Output[2].Value("Record")!).Value("N"));
        Assert.IsType<ErrorRecord>(outcome.Output[5].Value("Record"));
        Assert.Equal(["first", "@{N=1}", "2"], outcome.Output[^1].List("Output").Select(item => item!.ToString()));
        Assert.Equal(["ScriptFailed"], outcome.ErrorIds);
        // Numbered without a gap, and never backwards.
        (int Sequence, int Part)[] numbers = [.. outcome.Output.SkipLast(1).Select(item => ((int)item.Value("Sequence")!, (int)item.Value("Part")!))];
        Assert.Equal(numbers.Distinct().Order(), numbers);
        Assert.Equal(0, numbers[0].Sequence);
    }

    [Fact]
    public void Lines_of_a_shell_command_come_before_it_ends()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "sh is no program there.");
        using Session session = Session.WithFleet("one shop", "two shop");
        string go = Path.Combine(session.Root, "go");
        session.Set("go", go);

        using Running running = session.Start("Send-PantryCommand -All -Live -ShellCommand \"echo a; echo b >&2; while [ ! -e $go ]; do sleep 0.02; done; echo c\"");
        Assert.True(SpinWait.SpinUntil(() => running.Output.Count == 4, Session.Deadline));
        File.WriteAllText(go, "");
        Outcome outcome = running.Wait(Session.Deadline);

        outcome.Clean();
        foreach (string client in (string[])["one", "two"])
        {
            PSObject?[] its = [.. outcome.Output.Where(item => item.Text("Client") == client)];
            Assert.Equal(["StandardError b", "StandardOutput a", "StandardOutput c"], its[..^1].Select(item => $"{item.Text("Stream")} {item.Text("Text")}").Order());
            Assert.Equal("a\nc\n", its[^1].Text("StandardOutput"));
        }
    }

    [Fact]
    public void What_a_running_job_has_written_is_received_from_another_console_and_goes_on()
    {
        using Session here = Session.WithFleet("one shop", "two shop");
        string go = Path.Combine(here.Root, "go");
        here.Set("go", go);
        here.Run($"$job = Send-PantryCommand -All -Live -AsJob {{ 1; 2; {WaitForGo}; 3 }}").Clean();
        using Session there = Session.Open();
        there.Run($"$null = {here.Connecting()}").Clean();
        there.Set("id", here.Run("$job.JobId").Clean().Single());

        using Running running = there.Start("Receive-PantryJob $id -Live");
        Assert.True(SpinWait.SpinUntil(() => running.Output.Count == 4, Session.Deadline));
        PSObject?[] seen = [.. running.Output.Take(4)];
        File.WriteAllText(go, "");
        Outcome outcome = running.Wait(Session.Deadline);

        outcome.Clean();
        Assert.Equal(["1", "2", "3"], outcome.Output.Where(item => IsLive(item) && item.Text("Client") == "one").Select(item => item.Text("Text")));
        Assert.Equal(2, outcome.Output.Count(item => !IsLive(item)));

        // What was seen does not come again, however often the rest is asked for; and one may be left out.
        there.Set("seen", seen);
        foreach (int _ in Enumerable.Range(0, 2))
        {
            Outcome rest = there.Run("Receive-PantryJob $id -After $seen");
            Assert.Equal(["one 3", "two 3"], rest.Output.Where(item => IsLive(item)).Select(item => $"{item.Text("Client")} {item.Text("Text")}").Order());
            Assert.Equal(2, rest.Output.Count(item => !IsLive(item)));
        }

        Assert.Equal(["two"], there.Run("Receive-PantryJob $id -Live -Client tw*").Texts("Client").Distinct());
        string first = there.Run("$all = Receive-PantryJob $id -Live; $all[0].Client").Clean().Single()!.ToString()!;
        Assert.Equal(["2", "3"], there.Run("Receive-PantryJob $id -After $all[0]").Output
            .Where(item => IsLive(item) && item.Text("Client") == first).Select(item => item.Text("Text")));
    }

    [Fact]
    public void Output_of_a_background_job_is_received_from_its_children_as_it_comes()
    {
        using Session session = Session.WithFleet("one shop", "two shop");
        string go = Path.Combine(session.Root, "go");
        session.Set("go", go);
        session.Run($"$job = Send-PantryCommand -All -Live -AsJob {{ 'now'; {WaitForGo}; 'then' }}").Clean();

        session.Until("@($job.ChildJobs).Output.Count -eq 2");
        Assert.Equal(["one now", "two now"], session.Run("Receive-Job $job").Clean().Select(item => $"{item.Text("Client")} {item.Text("Text")}").Order());
        File.WriteAllText(go, "");
        Assert.Equal("Completed", session.Run("(Wait-Job $job -Timeout 30).State").Clean().Single()!.ToString());

        Outcome rest = session.Run("Receive-Job $job");
        Assert.Equal(["then", "then"], rest.Clean().Where(IsLive).Select(item => item.Text("Text")));
        Assert.Equal(2, rest.Output.Count(item => !IsLive(item)));
    }

    [Fact]
    public void Ctrl_C_ends_the_command_of_the_one_and_only_the_watching_of_the_other()
    {
        using Session session = Session.WithFleet("one shop");
        const string Endless = "{ while ($true) { 'on'; $null = [Threading.Tasks.Task]::Delay(20).Wait(20) } }";
        using Running sending = session.Start($"Send-PantryCommand -All -Live {Endless}");
        Assert.True(SpinWait.SpinUntil(() => sending.Output.Count > 2, Session.Deadline));
        long begun = Stopwatch.GetTimestamp();
        sending.Stop();
        Assert.InRange(Stopwatch.GetElapsedTime(begun), TimeSpan.Zero, TimeSpan.FromSeconds(5));
        session.Until("(Get-PantryJob -Newest 1).State -eq 'Cancelled'");

        session.Run($"$job = Send-PantryCommand -All -Live -AsJob {Endless}").Clean();
        using Running watching = session.Start("$job | Receive-PantryJob -Live");
        Assert.True(SpinWait.SpinUntil(() => watching.Output.Count > 2, Session.Deadline));
        begun = Stopwatch.GetTimestamp();
        watching.Stop();
        Assert.InRange(Stopwatch.GetElapsedTime(begun), TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.Equal(["Running"], session.Run("$job | Get-PantryJob").Texts("State"));
        session.Run("Stop-Job $job").Clean();
    }

    [Fact]
    public void A_record_larger_than_a_piece_and_output_beyond_the_limit_come_as_what_they_are()
    {
        using Session session = Session.WithFleet("one shop");

        Outcome outcome = session.Run("Send-PantryCommand -All -Live { 'x' * 100KB; 1..2000; 'y' * 10MB }");

        PSObject?[] live = [.. outcome.Output.Where(IsLive)];
        Assert.Equal(100 * 1024, live[0].Text("Text").Length);
        Assert.Equal(Enumerable.Range(1, 2000), live[1..^1].Select(item => (int)item.Value("Record")!));
        Assert.Equal("True", live[^1].Text("Truncated"));
        Assert.Contains("left out", live[^1].Text("Text"), StringComparison.Ordinal);
        Assert.Equal("True", outcome.Output[^1].Text("Truncated"));
    }

    [Fact]
    public void A_job_that_was_not_sent_live_says_so_and_brings_its_results()
    {
        using Session session = Session.WithFleet("one shop");
        session.Run("$result = Send-PantryCommand -All -Name Ping").Clean();

        Outcome outcome = session.Run("$result | Receive-PantryJob -Live");

        Assert.Contains("-Live", Assert.Single(outcome.Warnings), StringComparison.Ordinal);
        Assert.Equal(["Succeeded"], outcome.Texts("Status"));
    }

    [Fact]
    public void A_secret_that_a_script_prints_is_masked_as_it_comes()
    {
        using Session session = Session.WithFleet("one shop");
        session.Run("$secure = [securestring]::new(); foreach ($character in 'canary-7Zq4vT'.ToCharArray()) { $secure.AppendChar($character) }").Clean();

        Outcome outcome = session.Run("Send-PantryCommand -Client one -Live -Secret @{ Key = $secure } { \"the key is $([pscredential]::new('x', $Key).GetNetworkCredential().Password).\" }");

        Assert.Equal("the key is ********.", outcome.Clean()[0].Text("Text"));
        Assert.Equal("the key is ********.", outcome.Output[1].List("Output").Single()!.ToString());
    }

    private static bool IsLive(PSObject? item) => item!.TypeNames[0] == "Pantry.LiveOutput";
}
