using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Pantry.Provisioning.Reports;

/// <summary>
/// Containers of a compose project as <c>docker compose ps --all --format json</c> lists them, one a line or as one array: what was there before,
/// against what is there after. In a dry run, what is there against the hashes that <c>docker compose config --hash</c> gives.
/// </summary>
internal static class ComposeReport
{
    private const string HashLabel = "com.docker.compose.config-hash=";

    public static void Read(ReadOnlyMemory<byte> before, ReadOnlyMemory<byte> after, ReportBuilder report)
    {
        Dictionary<string, Container> known = List(before, report).DistinctBy(container => container.Name).ToDictionary(container => container.Name);
        foreach (Container container in List(after, report))
        {
            bool same = known.Remove(container.Name, out Container? was) && was.Id == container.Id && was.State == container.State;
            bool failed = container.Health == "unhealthy" || container.State is "dead" or "restarting" || (container.State == "exited" && container.ExitCode != 0);
            report.Add("container", container.Name, failed ? ResourceStatus.Failed : same ? ResourceStatus.Unchanged : ResourceStatus.Changed, failed || !same ? container.Says : null);
        }

        foreach (Container gone in known.Values)
            report.Add("container", gone.Name, ResourceStatus.Changed, "removed");
    }

    /// <param name="hashes">Lines of a service and its hash.</param>
    /// <param name="present">The containers that are there.</param>
    /// <param name="report">What is told.</param>
    /// <returns>False where there is no line of a service.</returns>
    public static bool ReadPlan(ReadOnlyMemory<byte> hashes, ReadOnlyMemory<byte> present, ReportBuilder report)
    {
        ILookup<string, Container> containers = List(present, report).ToLookup(container => container.Service);
        bool any = false;
        foreach (string line in Encoding.UTF8.GetString(hashes.Span).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is not [string service, string hash])
                continue;
            any = true;
            Container[] own = [.. containers[service]];
            bool same = own.Length > 0 && own.All(container => container.State == "running" && container.Hash == hash);
            report.Add("service", service, same ? ResourceStatus.Unchanged : ResourceStatus.Changed, same ? null : own.Length == 0 ? "would be created" : "would be started or made anew");
        }

        return any;
    }

    private static List<Container> List(ReadOnlyMemory<byte> json, ReportBuilder report)
    {
        var containers = new List<Container>();
        foreach (JsonDocument document in ReportJson.Lines(json, report.Limits.ReportDepth))
        {
            using (document)
            {
                IEnumerable<JsonElement> listed = document.RootElement.ValueKind == JsonValueKind.Array ? document.RootElement.EnumerateArray() : [document.RootElement];
                containers.AddRange(listed.Select(Container.Read).OfType<Container>());
            }
        }

        return containers;
    }

    private sealed record Container(string Id, string Name, string Service, string State, string Health, int ExitCode, string? Hash)
    {
        public string Says => Health.Length > 0 ? $"{State}, {Health}" : State == "exited" ? string.Create(CultureInfo.InvariantCulture, $"exited with {ExitCode}") : State;

        public static Container? Read(JsonElement element) => element.Text("Name") is { } name
            ? new Container(
                element.Text("ID") ?? "", name, element.Text("Service") ?? "", element.Text("State") ?? "", element.Text("Health") ?? "", element.Number("ExitCode") ?? 0,
                element.Text("Labels")?.Split(',').FirstOrDefault(label => label.StartsWith(HashLabel, StringComparison.Ordinal))?[HashLabel.Length..])
            : null;
    }
}
