using System.Text.Json;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.Provisioning.Reports;

/// <summary>Reads the reports of a row, which a client wrote as it liked: as data, within bounds, and none of what is no report.</summary>
internal static class ReportIntake
{
    private const int DigestLength = 64;

    /// <summary>Whether a row of an order has reports; where it is not known any more what the order was, whether it may have some.</summary>
    public static bool HasReports(OrderCommands? commands, BodyFormat format, IReadOnlyList<byte[]> bodies) =>
        format == BodyFormat.Json && bodies.Count > Result.OutputBody && bodies[Result.OutputBody].Length > 0
        && commands?.All.Contains(ProvisionOrders.CommandName, Names.Comparer) != false;

    /// <summary>The reports of a row, in their order.</summary>
    /// <returns>Null where the output is no list of reports.</returns>
    public static IReadOnlyList<ProvisionReport>? Read(byte[] output, ProvisionLimits limits, int mostBytes)
    {
        try
        {
            IEnumerable<ProvisionReport> read = JsonSerializer.Deserialize(output, ProvisionJson.Default.IReadOnlyListProvisionReport)?.OfType<ProvisionReport>() ?? [];
            return [.. read.Where(report => Names.IsPath(report.Package)).Take(limits.Packages).Select(report => Fitted(Bounded(report, limits), mostBytes))];
        }
        catch (Exception)
        {
            // Whatever is wrong with it: one client's output must not keep the reports of others from being taken.
            return null;
        }
    }

    public static byte[] ToBytes(ProvisionReport report) => JsonSerializer.SerializeToUtf8Bytes(report, ProvisionJson.Default.ProvisionReport);

    /// <exception cref="FormatException">The bytes are no report.</exception>
    public static ProvisionReport FromBytes(byte[] bytes)
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, ProvisionJson.Default.ProvisionReport) ?? throw new FormatException("A report is null.");
        }
        catch (JsonException exception)
        {
            throw new FormatException(exception.Message, exception);
        }
    }

    private static ProvisionReport Bounded(ProvisionReport report, ProvisionLimits limits)
    {
        string? Name(string? text) => text is null ? null : DisplayText.Clean(text, limits.NameLength);
        string? Message(string? text) => text is null ? null : DisplayText.Clean(text, limits.MessageLength);
        ProvisionResource[] resources =
        [
            .. report.Resources.Take(limits.Resources).OfType<ProvisionResource>().Where(resource => Enum.IsDefined(resource.Status)).Select(resource => new ProvisionResource(
                Name(resource.Type) ?? "", Name(resource.Name) ?? "", resource.Status, Message(resource.Message), resource.Duration)),
        ];
        return report with
        {
            Version = Name(report.Version)!,
            Kind = Name(report.Kind)!,
            Tool = Name(report.Tool),
            ToolVersion = Name(report.ToolVersion),
            // Lost is what the server says where a client says nothing.
            Status = Enum.IsDefined(report.Status) && report.Status != ProvisionStatus.Lost ? report.Status : ProvisionStatus.Failed,
            Changed = Math.Max(0, report.Changed),
            Failed = Math.Max(0, report.Failed),
            Unchanged = Math.Max(0, report.Unchanged),
            Skipped = Math.Max(0, report.Skipped),
            Duration = report.Duration < TimeSpan.Zero ? TimeSpan.Zero : report.Duration,
            Resources = resources,
            ResourcesLeftOut = Sum(Math.Max(0, report.ResourcesLeftOut), report.Resources.Count - resources.Length),
            Artifacts = [.. report.Artifacts.OfType<string>().Take(limits.Artifacts).Select(artifact => Name(artifact)!)],
            Error = report.Error is { } error ? new CommandError(Name(error.Code)!, Message(error.Message)!) : null,
            LogPath = Message(report.LogPath),
            LogTail = DisplayText.Clean(report.LogTail, limits.LogTailBytes),
            Plan = report.Plan is { Length: DigestLength } plan && plan.All(char.IsAsciiHexDigit) ? plan.ToLowerInvariant() : null,
        };
    }

    // What failed and changed is kept before what did not.
    private static ProvisionReport Fitted(ProvisionReport report, int mostBytes)
    {
        while (ToBytes(report).Length > mostBytes && report.Resources.Count > 0)
        {
            (int Place, ProvisionResource Resource)[] kept =
            [
                .. report.Resources.Select((resource, place) => (place, resource))
                    .OrderBy(entry => entry.resource.Status is ResourceStatus.Unchanged or ResourceStatus.Skipped).Take(report.Resources.Count / 2).OrderBy(entry => entry.place),
            ];
            report = report with { Resources = [.. kept.Select(entry => entry.Resource)], ResourcesLeftOut = Sum(report.ResourcesLeftOut, report.Resources.Count - kept.Length) };
        }

        return report;
    }

    private static int Sum(int left, int right) => (int)Math.Min(int.MaxValue, (long)left + right);
}
