using Pantry.Commands;
using Pantry.Configuration;

namespace Pantry.Provisioning.Reports;

/// <summary>
/// Takes what a tool says, which may be hostile: bounds it, strips control characters, and takes secrets out. Where not
/// all resources fit, what failed and changed is kept before what did not.
/// </summary>
internal sealed class ReportBuilder(ProvisionLimits limits, SecretRedactor redactor, bool dryRun = false)
{
    // What failed, what changed and the rest, each up to the bound: whatever comes before it, a failure has room.
    private readonly List<(int Place, ProvisionResource Resource)>[] _told = [[], [], []];
    private readonly List<string> _artifacts = [];
    private readonly int[] _counts = new int[Enum.GetValues<ResourceStatus>().Length];
    private int _place;
    private string? _failure;

    public ProvisionLimits Limits => limits;

    public bool DryRun => dryRun;

    public bool HasFailed => _failure is not null || _counts[(int)ResourceStatus.Failed] > 0;

    public int Total => _counts.Sum();

    public void Add(string? type, string? name, ResourceStatus status, string? message = null, TimeSpan? duration = null)
    {
        if (dryRun && status == ResourceStatus.Changed)
            status = ResourceStatus.WouldChange;
        _counts[(int)status]++;
        List<(int, ProvisionResource)> list = _told[status switch { ResourceStatus.Failed => 0, ResourceStatus.Unchanged or ResourceStatus.Skipped => 2, _ => 1 }];
        if (list.Count < limits.Resources)
        {
            list.Add((_place++, new ProvisionResource(
                Text(type, limits.NameLength) ?? "", Text(name, limits.NameLength) ?? "", status, Text(message, limits.MessageLength), duration)));
        }
    }

    /// <summary>Counts resources that the tool tells no more about.</summary>
    public void Count(ResourceStatus status, int number) => _counts[(int)(dryRun && status == ResourceStatus.Changed ? ResourceStatus.WouldChange : status)] += number;

    public void AddArtifact(string artifact)
    {
        if (_artifacts.Count < limits.Artifacts && Text(artifact, limits.NameLength) is { } text)
            _artifacts.Add(text);
    }

    /// <summary>The tool failed; the first reason counts.</summary>
    public void Fail(string? why) => _failure ??= Text(why, limits.MessageLength) ?? "The tool does not say why.";

    public ToolReport Build() => Build(limits.Resources);

    /// <param name="most">How many resources it lists.</param>
    public ToolReport Build(int most)
    {
        ProvisionResource[] kept = [.. _told.SelectMany(list => list).Take(most).OrderBy(entry => entry.Place).Select(entry => entry.Resource)];
        return new ToolReport
        {
            Resources = kept,
            LeftOut = Total - kept.Length,
            Changed = _counts[(int)ResourceStatus.Changed] + _counts[(int)ResourceStatus.WouldChange],
            Failed = _counts[(int)ResourceStatus.Failed],
            Unchanged = _counts[(int)ResourceStatus.Unchanged],
            Skipped = _counts[(int)ResourceStatus.Skipped],
            Artifacts = _artifacts,
            Failure = _failure ?? FailedResource(kept),
        };
    }

    private static string? FailedResource(IReadOnlyList<ProvisionResource> resources) =>
        resources.FirstOrDefault(resource => resource.Status == ResourceStatus.Failed) is { } failed
            ? $"{failed.Type}[{failed.Name}]{(failed.Message is null ? " failed." : $": {failed.Message}")}"
            : null;

    // Redacted before it is shortened, which could cut a secret in two.
    private string? Text(string? text, int length)
    {
        if (string.IsNullOrWhiteSpace(text))
            return null;
        return DisplayText.Clean(redactor.Redact(text.Trim()), length);
    }
}
