namespace Pantry.Provisioning.Reports;

/// <summary>
/// When a report says that something else has changed the machine. No claim is made that the report does not carry: a tool that lists no resources, or makes
/// things anew each time, changes something in every run.
/// </summary>
internal static class DriftRule
{
    /// <summary>Whether the run was more than a question: from then on the machine is as this plan, and no other, has left it.</summary>
    public static bool IsApplied(ProvisionReport report) => !report.DryRun && report.Status != ProvisionStatus.NotRun;

    /// <summary>Whether the machine is as the plan wants it after the run.</summary>
    public static bool Succeeded(ProvisionReport report) => report.Status is ProvisionStatus.Unchanged or ProvisionStatus.Changed;

    /// <param name="report">The report.</param>
    /// <param name="wasThere">Whether the same plan had been applied with success before, and no other since.</param>
    /// <returns>Null where it cannot be told.</returns>
    public static bool? Of(ProvisionReport report, bool wasThere)
    {
        if (!wasThere || report.Plan is null || report.Status is ProvisionStatus.NotRun or ProvisionStatus.Lost)
            return null;
        bool changed = report.Resources.Any(resource => resource.Status is ResourceStatus.Changed or ResourceStatus.WouldChange);
        if (changed)
            return SpeaksOfResources(report) ? true : null;
        // A tool that failed or was stopped has not looked at all.
        return report.Changed == 0 && report.Status == ProvisionStatus.Unchanged ? false : null;
    }

    // Whose only resource is the package itself was asked by its exit code; and what makes artifacts makes them each time.
    private static bool SpeaksOfResources(ProvisionReport report) =>
        report.Artifacts.Count == 0 && !(report.ResourcesLeftOut == 0 && report.Resources is [{ } only] && only.Name == report.Package);
}
