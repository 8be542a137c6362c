using System.Text.RegularExpressions;
using Pantry.Configuration.Settings;

namespace Pantry.Tests.Configuration;

/// <summary>The samples in dist/ and the tables of docs/configuration.md are the schema's own. PANTRY_WRITE_GOLDEN=1 writes them anew.</summary>
public sealed partial class SettingsSampleTests
{
    private static readonly string Repository = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "..", ".."));

    private static bool Writes => Environment.GetEnvironmentVariable("PANTRY_WRITE_GOLDEN") is { Length: > 0 };

    [Theory]
    [InlineData(ConfigurationKind.Server)]
    [InlineData(ConfigurationKind.Client)]
    [InlineData(ConfigurationKind.Operator)]
    public void A_sample_is_what_the_schema_says_and_is_valid_with_all_its_keys(ConfigurationKind kind)
    {
        string path = Path.Combine(Repository, "dist", $"{kind.ToString().ToLowerInvariant()}.yaml");
        string written = SettingsSample.Write(kind);
        if (Writes)
            File.WriteAllText(path, written);

        string sample = File.ReadAllText(path).ReplaceLineEndings("\n");

        Assert.Equal(written, sample);
        Checks(kind, sample, 0);
        string all = CommentedKey().Replace(sample, "$1$2");
        Checks(kind, all, kind == ConfigurationKind.Operator ? OperatorSchema.Instance.For(kind).Count() : HostSchema.Instance.For(kind).Count());
    }

    [Fact]
    public void The_tables_of_the_documents_are_what_the_schema_says()
    {
        string path = Path.Combine(Repository, "docs", "configuration.md");
        string page = File.ReadAllText(path).ReplaceLineEndings("\n");
        string[] tables = [SettingsSample.Table(ofOperators: false), SettingsSample.Table(ofOperators: true)];
        int next = 0;
        string expected = KeyTable().Replace(page, _ => next < tables.Length ? tables[next++] : "");
        if (Writes)
            File.WriteAllText(path, expected);

        Assert.Equal(2, next);
        Assert.Equal(expected, Writes ? File.ReadAllText(path) : page);
    }

    private static void Checks(ConfigurationKind kind, string yaml, int keys)
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("pantry-test-").FullName, "sample.yaml");
        try
        {
            File.WriteAllText(path, yaml);
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            (IReadOnlyList<ConfigurationFinding> findings, ConfigurationSummary summary) = SettingsFile.Check(kind, path, new Dictionary<string, string>());
            Assert.DoesNotContain(findings, finding => finding.Severity == FindingSeverity.Error);
            Assert.Equal(keys, summary.Keys);
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
        }
    }

    [GeneratedRegex(@"^( *)#([a-z_]+:)", RegexOptions.Multiline)]
    private static partial Regex CommentedKey();

    [GeneratedRegex(@"\| key \| value \|.*\n(?:\|.*\n)+")]
    private static partial Regex KeyTable();
}
