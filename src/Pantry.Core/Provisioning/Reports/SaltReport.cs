using System.Text.Json;

namespace Pantry.Provisioning.Reports;

/// <summary>
/// What <c>salt-call --local --out=json state.apply</c> returns: for each state, under a key of <c>module_|-id_|-name_|-function</c>,
/// its result (true, false, or null for a test that would change something), changes, comment and duration in milliseconds.
/// States that could not be rendered come as a list of texts.
/// </summary>
internal static class SaltReport
{
    private const string Separator = "_|-";

    /// <returns>False where the bytes are no such return.</returns>
    public static bool Read(ReadOnlyMemory<byte> json, ReportBuilder report)
    {
        using JsonDocument? document = ReportJson.TryParse(json, report.Limits.ReportDepth);
        if (document?.RootElement.At("local") is not { } local)
            return false;
        if (local.ValueKind != JsonValueKind.Object)
        {
            string[] errors = [.. (local.ValueKind == JsonValueKind.Array ? local.EnumerateArray().Select(line => line.Text()) : [local.Text()]).OfType<string>()];
            report.Fail(errors.Length == 0 ? null : string.Join(' ', errors));
            return true;
        }

        foreach ((string key, JsonElement state) in local.EnumerateObject()
            .Select(member => (member.Name, member.Value)).OrderBy(member => member.Value.Number("__run_num__") ?? int.MaxValue))
        {
            Add(key, state, report);
        }

        return true;
    }

    private static void Add(string key, JsonElement state, ReportBuilder report)
    {
        string[] parts = key.Split(Separator);
        JsonElement? result = state.At("result"), changes = state.At("changes");
        bool changed = changes is { ValueKind: JsonValueKind.Object } some && some.EnumerateObject().Any();
        ResourceStatus status = result?.ValueKind switch
        {
            JsonValueKind.Null => ResourceStatus.Changed,
            JsonValueKind.True => changed ? ResourceStatus.Changed : ResourceStatus.Unchanged,
            _ => ResourceStatus.Failed,
        };
        string name = parts.Length == 4 ? parts[2] : state.Text("name") ?? key;
        string type = parts.Length == 4 ? $"{parts[0]}.{parts[3]}" : "";
        report.Add(type, name, status, status == ResourceStatus.Unchanged ? null : state.At("comment")?.TextOrJson(), state.Duration(1000, "duration"));
    }
}
