using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Provisioning.Resolution;

namespace Pantry.Provisioning.Reports;

/// <summary>What stands in the history for a run that left no reports: one for each step of its plan, so that whoever asks what went wrong is told.</summary>
internal static class LostRun
{
    /// <param name="plan">The plan that the client was to apply.</param>
    /// <param name="result">How its row ended.</param>
    /// <param name="dryRun">Whether the tools were only to be asked.</param>
    /// <param name="limits">Limits of texts.</param>
    public static IReadOnlyList<ProvisionReport> Reports(WrittenPlan plan, Result result, bool dryRun, ProvisionLimits limits)
    {
        string code = DisplayText.Clean(result.Error?.Code ?? "NoReport", limits.NameLength);
        string why = DisplayText.Clean($"No report of this run came, and it is not known how far it got. {result.Error?.Message ?? "What came was no report."}", limits.MessageLength);
        return
        [
            .. plan.Document.Steps.Select(step => new ProvisionReport
            {
                Package = step.Package,
                Version = step.Version,
                Kind = step.Provisioner,
                Status = ProvisionStatus.Lost,
                DryRun = dryRun,
                StartedAt = result.StartedAt,
                Plan = plan.Digest,
                Error = new CommandError(code, why),
            }),
        ];
    }
}
