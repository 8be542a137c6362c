using System.Text.Json;

namespace Pantry.Provisioning.Reports;

/// <summary>
/// What <c>salt-call --local --out=json state.apply</c> returns: for each state, under a key of <c>module_|-id_|-name_|-function</c>,
/// its result (true, false, or null for a test that would change something), changes, comment and duration in milliseconds, all but the result and the
/// changes at Salt's pleasure: a state that was not reached has no name. What could not be rendered or compiled comes as a list of texts.
/// </summary>
internal static class SaltReport
{
    private const string Separator = "_|-";

    // Its result is that of a failure, and it is none of its own: Salt gives nothing else to know it by.
    private const string RequisiteFailed = "One or more requisite failed";

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

        // Marks of Salt's own may stand among the states.
        foreach ((string key, JsonElement state) in local.EnumerateObject().Where(member => member.Value.At("result") is not null)
            .Select(member => (member.Name, member.Value)).OrderBy(member => member.Value.Number("__run_num__") ?? int.MaxValue))
        {
            Add(key, state, report);
        }

        if (report.Total == 0 && local.EnumerateObject().Any())
            report.Fail("Salt returned something else than states.");
        return true;
    }

    private static void Add(string key, JsonElement state, ReportBuilder report)
    {
        ResourceStatus status = Status(state);
        // An id or a name may have the separator in it; the module and the function have not.
        string[] parts = key.Split(Separator);
        string name = state.Text("name") ?? (parts.Length < 4 ? key : string.Join(Separator, parts[2..^1]));
        string type = parts.Length < 4 ? "" : $"{parts[0]}.{parts[^1]}";
        report.Add(type, name, status, status == ResourceStatus.Unchanged ? null : Comment(state), state.Duration(1000, "duration"));
    }

    private static ResourceStatus Status(JsonElement state) => state.At("result")?.ValueKind switch
    {
        // A requisite did not change or fail as it should have; or unless, onlyif or creates says that there is nothing to do.
        JsonValueKind.True when state.Text("__state_ran__") == "false" || state.Flag("skip_watch") => ResourceStatus.Skipped,
        JsonValueKind.True => HasChanges(state) ? ResourceStatus.Changed : ResourceStatus.Unchanged,
        JsonValueKind.Null => ResourceStatus.Changed,
        JsonValueKind.False when Comment(state)?.StartsWith(RequisiteFailed, StringComparison.Ordinal) == true => ResourceStatus.Skipped,
        _ => ResourceStatus.Failed,
    };

    private static bool HasChanges(JsonElement state) => state.At("changes") is { } changes && changes.ValueKind switch
    {
        JsonValueKind.Object => changes.EnumerateObject().Any(),
        JsonValueKind.Array => changes.GetArrayLength() > 0,
        JsonValueKind.String => changes.GetString() is { Length: > 0 },
        _ => changes.ValueKind == JsonValueKind.True,
    };

    // A list where several conditions had something to say.
    private static string? Comment(JsonElement state) => state.At("comment") is { ValueKind: JsonValueKind.Array } lines
        ? string.Join(' ', lines.EnumerateArray().Select(line => line.TextOrJson()))
        : state.At("comment")?.TextOrJson();
}
