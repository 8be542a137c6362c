using System.Text.RegularExpressions;
using Pantry.Protocol;

namespace Pantry.Tests.Architecture;

/// <summary>docs/operations.md has a table of what the audit log says; an action that is not in it would mean nothing to its reader.</summary>
public sealed partial class OperationsPageTests
{
    private static readonly string Repository = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "..", ".."));

    [Fact]
    public void The_table_of_audit_records_has_the_actions_of_the_code_and_no_others()
    {
        string page = File.ReadAllText(Path.Combine(Repository, "docs", "operations.md"));
        string section = page[page.IndexOf("## Audit log", StringComparison.Ordinal)..page.IndexOf("## Secrets", StringComparison.Ordinal)];
        string[] named = [.. section.Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal)).SelectMany(line => Word().Matches(line.Split('|')[1])).Select(match => match.Groups[1].Value)];

        var said = new HashSet<string>(StringComparer.Ordinal);
        foreach (string folder in (string[])["Server", "Storage"])
        {
            foreach (string file in Directory.EnumerateFiles(Path.Combine(Repository, "src", "Pantry.Core", folder), "*.cs", SearchOption.AllDirectories))
            {
                string text = File.ReadAllText(file);
                foreach (Match call in Call().Matches(text))
                {
                    // Words that are written out; what is put together is below.
                    foreach (Match word in Literal().Matches(call.Groups["arguments"].Value))
                        said.Add(word.Groups[1].Value);
                }
            }
        }

        said.ExceptWith(["Done", "Approved", "Pending", "Accepted", "CheckpointMissing", "QueueFull", "Failed"]);
        said.UnionWith(Enum.GetNames<ClientDecision>().Select(decision => $"Client{decision}"));
        said.UnionWith(Enum.GetNames<JobAction>().Select(action => $"Job{action}"));
        said.UnionWith(Enum.GetNames<EnrollmentKind>().Select(kind => $"{kind}Withdrawn"));
        said.UnionWith(Enum.GetNames<ApplicationChange>().Select(change => $"Application{change}"));
        said.UnionWith(["PackagePublished", "PackageRemoved", "PackageRead", "PackageStoreVerified", "ApplicationRead"]);
        said.Add(nameof(PantryErrorCode.ClockSkew));
        Assert.Equal(said.Order(StringComparer.Ordinal), named.Order(StringComparer.Ordinal));
    }

    [GeneratedRegex(@"`(\w+)`")]
    private static partial Regex Word();

    // Calls that say an action: as an argument, or as one that is handed on.
    [GeneratedRegex(@"(?:\bNote|AuditEvent|AuditedDecision|ChangeAsync|AddPending|Changed|DoAsync|log\.WriteAsync\(Entry)\((?<arguments>[^;]*?);", RegexOptions.Singleline)]
    private static partial Regex Call();

    [GeneratedRegex(@"(?<!\$)""([A-Z][A-Za-z]+)""")]
    private static partial Regex Literal();
}
