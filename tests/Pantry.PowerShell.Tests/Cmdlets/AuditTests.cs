using System.Management.Automation;
using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Cmdlets;

public sealed class AuditTests
{
    [Fact]
    public void What_was_done_is_in_the_log_the_newest_first_and_can_be_filtered()
    {
        using Session session = Session.WithFleet("one shop");
        PSObject? row = session.Run("Send-PantryCommand -All -ShellCommand 'echo opensesame'").Clean().Single();

        IReadOnlyList<PSObject?> all = session.Run("Get-PantryAuditLog").Clean();

        long[] sequences = [.. all.Select(entry => (long)entry.Value("Sequence")!)];
        Assert.Equal(sequences.OrderDescending(), sequences);
        PSObject? order = Assert.Single(session.Run("Get-PantryAuditLog Order").Clean());
        Assert.Equal(("local", "Accepted", row.Text("JobId")), (order.Text("Actor"), order.Text("Outcome"), order.Text("JobId")));
        Assert.DoesNotContain(all, entry => entry.Text("Detail").Contains("opensesame", StringComparison.Ordinal));
        session.Run("$row = Send-PantryCommand -All -Name Ping").Clean();
        session.Until("($row | Get-PantryAuditLog).Action -join ' ' -eq 'OrderEnded Order'");
        Assert.Equal(["EnrollmentUsed"], session.Run("Get-PantryAuditLog -Actor o?e -Action Enroll*").Texts("Action"));
        Assert.Equal(2, session.Run("Get-PantryAuditLog -Newest 2").Clean().Count);
        Assert.Empty(session.Run("Get-PantryAuditLog -To ([datetime]::Now.AddDays(-1))").Clean());
        Assert.True(all.Count + 2 <= session.Run("Get-PantryAuditLog -From ([datetime]::Now.AddHours(-1))").Clean().Count);
        Assert.Empty(session.Run("Get-PantryAuditLog -Target nobody -Outcome Done").Clean());
    }

    [Fact]
    public void A_refused_operator_is_in_the_log_and_another_console_reads_it()
    {
        using Session here = Session.WithFleet("one shop");
        using Session there = Session.Open();
        there.Run($"$null = {here.Connecting("deploy", "mail:*", administrator: false)}").Clean();
        Assert.Equal("OutOfScope", there.Run("Send-PantryCommand -Stream shop -Name Ping").ErrorId);

        there.Run($"$null = {here.Connecting()}").Clean();

        there.Until("(Get-PantryAuditLog -Actor deploy -Outcome OutOfScope).Action -eq 'Order'");
    }

    [Fact]
    public void A_whole_log_passes_its_check_and_gives_a_checkpoint_for_the_next()
    {
        using Session session = Session.WithFleet("one shop");

        PSObject? check = session.Run("($check = Test-PantryAuditLog)").Clean().Single();

        Assert.Equal("True", check.Text("IsIntact"));
        Assert.NotEqual("", check.Text("Checkpoint"));
        session.Run("$null = Send-PantryCommand -All -Name Ping").Clean();
        Assert.Equal(["True"], session.Run("$check | Test-PantryAuditLog").Texts("IsIntact"));
        Assert.Equal("InvalidArgument", session.Run("Test-PantryAuditLog -Checkpoint nonsense").ErrorId);
    }

    [Fact]
    public void A_log_that_was_set_back_is_an_error_beside_the_result()
    {
        using Session session = Session.WithFleet("one shop");
        session.Run("$kept = (Test-PantryAuditLog).Checkpoint").Clean();

        // Another server's log does not hold this one's checkpoint.
        session.Run("$other = Start-PantryServer -Path $root/other -PublishPort 0 -ReceivePort 0 -FilePort 0").Clean();
        Outcome broken = session.Run("Test-PantryAuditLog -Checkpoint $kept -Session $other");

        Assert.Equal(["False"], broken.Texts("IsIntact"));
        Assert.Equal(["AuditLogBroken"], broken.ErrorIds);
        Assert.Equal(ErrorCategory.SecurityError, broken.Errors[0].CategoryInfo.Category);
        Assert.Equal("False", PSObject.AsPSObject(broken.Errors[0].TargetObject).Text("IsIntact"));
    }
}
