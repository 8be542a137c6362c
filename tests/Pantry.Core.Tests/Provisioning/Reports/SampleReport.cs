namespace Pantry.Tests.Provisioning.Reports;

/// <summary>Reports in short words.</summary>
internal static class SampleReport
{
    public static readonly string PlanA = new('a', 64), PlanB = new('b', 64);

    /// <param name="resources">Resources as <c>name=status</c>; the report's status and numbers follow from them.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="package">The package.</param>
    /// <param name="dryRun">Whether it was only asked.</param>
    /// <param name="version">The package's version.</param>
    public static ProvisionReport Of(string resources, string? plan = "", string package = "web", bool dryRun = false, string version = "1.0.0")
    {
        ProvisionResource[] read =
        [
            .. resources.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(one => one.Split('='))
                .Select(words => new ProvisionResource("file", words[0], Enum.Parse<ResourceStatus>(words[1]))),
        ];
        int Count(params ResourceStatus[] statuses) => read.Count(resource => statuses.Contains(resource.Status));
        int changed = Count(ResourceStatus.Changed, ResourceStatus.WouldChange), failed = Count(ResourceStatus.Failed);
        return new ProvisionReport
        {
            Package = package,
            Version = version,
            Kind = "puppet",
            Tool = "puppet",
            Status = failed > 0 ? ProvisionStatus.Failed : changed == 0 ? ProvisionStatus.Unchanged : dryRun ? ProvisionStatus.WouldChange : ProvisionStatus.Changed,
            DryRun = dryRun,
            Changed = changed,
            Failed = failed,
            Unchanged = Count(ResourceStatus.Unchanged),
            Resources = read,
            Plan = plan == "" ? PlanA : plan,
        };
    }
}
