using System.Diagnostics;
using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Cmdlets;

/// <summary>Events as they are watched on a console.</summary>
public sealed class EventTests
{
    [Fact]
    public void Events_of_the_kinds_and_clients_that_are_wanted_are_written_as_they_happen()
    {
        using Session here = Session.WithFleet("one shop");
        using Session there = Session.Open();
        there.Run($"$null = {here.Connecting()}").Clean();
        using Running watching = there.Start("Watch-PantryEvent JobEnded -MaxCount 2; Watch-PantryEvent -Kind ClientOnline -Client l* -MaxCount 1");

        // Nothing says on this side that the other one watches: jobs go on until it has seen two.
        Assert.True(SpinWait.SpinUntil(() => here.Run("Send-PantryCommand -Client one -Name Ping").Clean().Count == 1 && watching.Output.Count >= 2, Session.Deadline));
        for (int number = 0; watching.Output.Count < 3 && number < 50; number++)
            here.Run($"$null = Register-PantryClient -Identity late{number} -Application shop; $null = Register-PantryClient -Identity other{number} -Application shop").Clean();

        Outcome watched = watching.Wait(Session.Deadline);
        watched.Clean();
        Assert.Equal(["JobEnded", "JobEnded", "ClientOnline"], watched.Texts("Kind"));
        Assert.Equal("1 Succeeded", watched.Output[0].Text("Detail"));
        Assert.StartsWith("late", watched.Output[2].Text("Client"), StringComparison.Ordinal);
    }

    [Fact]
    public void Watching_ends_after_its_time_without_an_error_and_at_once_by_Ctrl_C()
    {
        using Session session = Session.WithFleet("one shop");

        Assert.Empty(session.Run("Watch-PantryEvent EventsLost -Timeout 0.2").Clean());
        string mark = Path.Combine(session.Root, "waits");
        session.Set("mark", mark);
        using Running running = session.Start("[IO.File]::WriteAllText($mark, ''); Watch-PantryEvent EventsLost");
        Assert.True(SpinWait.SpinUntil(() => File.Exists(mark), Session.Deadline));
        long begun = Stopwatch.GetTimestamp();
        running.Stop();

        Assert.InRange(Stopwatch.GetElapsedTime(begun), TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }
}
