using System.Text.RegularExpressions;

namespace Pantry.Tests.Architecture;

/// <summary>docs/security.md names a test for each promise; a name that no test has would promise nothing.</summary>
public sealed partial class SecurityPageTests
{
    private static readonly string Repository = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "..", ".."));

    [Fact]
    public void Every_test_that_the_security_page_names_is_there()
    {
        string page = File.ReadAllText(Path.Combine(Repository, "docs", "security.md"));
        string tests = Path.Combine(Repository, "tests", "Pantry.Core.Tests");
        string? last = null;
        int named = 0;
        foreach (Match match in TestName().Matches(page))
        {
            string file = match.Groups["file"].Success ? match.Groups["file"].Value : last!;
            last = file;
            string path = Path.Combine(tests, file.Replace('/', Path.DirectorySeparatorChar) + ".cs");
            Assert.True(File.Exists(path), $"The security page names '{file}', which is not there.");
            if (!match.Groups["name"].Success)
                continue;
            named++;
            Assert.Contains($" {match.Groups["name"].Value}(", File.ReadAllText(path), StringComparison.Ordinal);
        }

        Assert.InRange(named, 40, int.MaxValue);
        Assert.DoesNotContain("{", page, StringComparison.Ordinal);
    }

    // `Folder/File.Name`, `Folder/File`, or `.Name` for another one of the same file.
    [GeneratedRegex(@"`(?:(?<file>(?:Architecture|Attacks|Commands|Configuration|EndToEnd|Files|Fuzzing|Logging|Model|Protocol|Provisioning|Security|Server|Sessions|Storage|Targeting|Transfers|Transport)(?:/\w+)+))?(?:\.(?<name>[A-Z]\w+))?`(?<=`(?:\w+/|\.[A-Z])[^`]*`)")]
    private static partial Regex TestName();
}
