using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Pantry.Provisioning.Reports;

namespace Pantry.Provisioning.Provisioners.BuiltIn;

/// <summary>
/// <c>chef-client</c> or <c>cinc-client</c> in local mode. A package is a cookbook, or a directory with any of <c>cookbooks</c>, <c>roles</c>,
/// <c>environments</c> and <c>data_bags</c>. Secrets are the item <c>secrets</c> of the data bag <c>pantry</c>.
/// </summary>
internal sealed partial class ChefProvisioner : IProvisioner
{
    public string Kind => "chef";

    public IReadOnlyList<ToolChoice> Tools { get; } =
    [
        new("chef-client", ["chef-client", "/opt/chef/bin/chef-client", @"C:\opscode\chef\bin\chef-client.bat"], ["--version"]),
        new("cinc-client", ["cinc-client", "/opt/cinc/bin/cinc-client", @"C:\cinc-project\cinc\bin\cinc-client.bat"], ["--version"]),
    ];

    public string InstallHint => "Install Cinc Client, or Chef Infra Client and accept its licence.";

    public ToolPlan Prepare(ProvisionWork work)
    {
        string repository = ChefRepository.Build(work);
        // Chef refuses a place for its report where there is no file.
        work.Write(ProvisionWork.ReportName, "");
        return new ToolPlan(new ToolCommand(
            work.Tool.Path,
            [
                "--local-mode", "--config", work.Write("client.rb", Configuration(work, repository)), "--json-attributes", work.Write("node.json", Attributes(work, repository)),
                "--no-color", "--format", "doc", "--force-formatter", "--once", "--no-fork", .. work.DryRun ? ["--why-run"] : Array.Empty<string>(),
            ],
            work.Package.Directory));
    }

    public void Read(ProvisionWork work, ToolOutcome outcome, ReportBuilder report)
    {
        // In a why-run Chef sends no message: its console is all there is.
        bool told = work.DryRun ? ChefReport.ReadWhyRun(outcome.Last.Output, report) : work.ReadReport() is { } lines && ChefReport.Read(lines, report);
        if (outcome.Last.ExitCode != 0 && !report.HasFailed)
            report.Fail($"{work.Tool.Name} ended with exit code {outcome.Last.ExitCode}: {outcome.Last.LastWords}");
        else if (!told && !report.HasFailed)
            report.Fail($"{work.Tool.Name} wrote no report that can be read; the log tells what it did.");
    }

    private static string Configuration(ProvisionWork work, string repository)
    {
        var lines = new List<string>
        {
            "local_mode true",
            $"chef_repo_path {Ruby(repository)}",
            $"node_name {Ruby(work.Plan.Client.Identity)}",
            $"node_path {Ruby(Path.Combine(work.Directory, "nodes"))}",
            $"file_cache_path {Ruby(Path.Combine(work.State, "cache"))}",
            $"file_backup_path {Ruby(Path.Combine(work.State, "backup"))}",
            $"cookbook_path [{Ruby(Path.Combine(repository, "cookbooks"))}]",
            $"role_path [{Ruby(Path.Combine(repository, "roles"))}]",
            $"environment_path [{Ruby(Path.Combine(repository, "environments"))}]",
            $"data_bag_path [{string.Join(", ", ChefRepository.DataBags(work, repository).Select(Ruby))}]",
            $"data_collector.output_locations({{ files: [{Ruby(work.ReportPath)}] }})",
        };
        if (work.Plan.Client.Environment is { } environment && File.Exists(Path.Combine(repository, "environments", $"{environment}.json")))
            lines.Add($"environment {Ruby(environment)}");
        return string.Join('\n', lines) + "\n";
    }

    private static JsonObject Attributes(ProvisionWork work, string repository)
    {
        JsonObject attributes = work.Parameters();
        attributes["pantry"] = work.About;
        attributes["run_list"] = new JsonArray([.. RunList(work, repository).Select(item => (JsonNode)item)]);
        return attributes;
    }

    private static string[] RunList(ProvisionWork work, string repository)
    {
        string[] items = work.Package.Entry?.Split(',', StringSplitOptions.TrimEntries)
            ?? [.. work.Plan.Client.Roles.Where(role => File.Exists(Path.Combine(repository, "roles", $"{role}.json"))).Select(role => $"role[{role}]")];
        if (items.Length == 0)
            items = [$"recipe[{ChefRepository.CookbookName(work.Package) ?? throw work.Wrong("none of the client's roles is in it, and it is no cookbook. Name its entry, such as role[web] or recipe[shop::db].")}]"];
        return items.FirstOrDefault(item => !Item().IsMatch(item)) is { } wrong
            ? throw work.Wrong($"'{DisplayText.Clean(wrong, 80)}' is nothing for a run list. Use role[name] or recipe[cookbook::recipe].")
            : items;
    }

    private static string Ruby(string text) => $"'{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";

    [GeneratedRegex(@"\A(?:(?:role|recipe)\[[A-Za-z0-9_.-]+(?:::[A-Za-z0-9_-]+)?(?:@[0-9.]+)?\]|[A-Za-z0-9_.-]+(?:::[A-Za-z0-9_-]+)?)\z")]
    private static partial Regex Item();
}
