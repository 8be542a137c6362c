using Pantry.Protocol;
using Pantry.Provisioning.Reports;
using Pantry.Targeting;

namespace Pantry.Server.Jobs;

/// <summary>Which rows say something of a run: by its reports, or by having none though it may have been begun.</summary>
internal static class RunReports
{
    /// <param name="order">The order.</param>
    /// <param name="result">How one that may have had it ended.</param>
    /// <param name="bodies">Its output.</param>
    /// <param name="itself">Whether it is the target's own word.</param>
    public static bool AreDue(JobOrder order, Result result, IReadOnlyList<byte[]> bodies, bool itself) =>
        ReportIntake.HasReports(order.Commands, result.Format, bodies)
        || (Names.Same(order.Statement.Command, ProvisionOrders.CommandName) && (!itself || MayHaveBegun(result)));

    /// <summary>Whether the order was to ask the tools only.</summary>
    public static bool IsDryRun(JobOrder order) =>
        Names.Same(order.Statement.Command, ProvisionOrders.CommandName) && ProvisionOrders.Read(order.Request.Arguments) is { DryRun: true };

    // A client that refuses says so before it applies anything.
    private static bool MayHaveBegun(Result result) => result.Truncated || result.Status switch
    {
        CommandStatus.Denied or CommandStatus.Expired => false,
        CommandStatus.Failed => result.Error?.Code is nameof(PantryErrorCode.JobEnded) or "CommandFailed",
        _ => true,
    };
}
