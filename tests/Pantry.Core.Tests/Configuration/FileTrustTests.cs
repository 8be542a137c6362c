using Pantry.Configuration.Settings;

namespace Pantry.Tests.Configuration;

public sealed class FileTrustTests : IDisposable
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _folder = Directory.CreateTempSubdirectory("pantry-test-").FullName;

    public FileTrustTests() => Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such bits; what a user has there is inherited from the profile.");

    [Theory]
    [InlineData(ConfigurationKind.Operator, UnixFileMode.OtherWrite, "Error")]
    [InlineData(ConfigurationKind.Operator, UnixFileMode.GroupWrite, "Error")]
    [InlineData(ConfigurationKind.Operator, UnixFileMode.OtherRead, "")]
    [InlineData(ConfigurationKind.Server, UnixFileMode.OtherWrite, "Error")]
    [InlineData(ConfigurationKind.Server, UnixFileMode.GroupWrite, "Warning")]
    [InlineData(ConfigurationKind.Server, UnixFileMode.OtherRead, "")]
    public void A_file_that_others_can_write_is_refused(ConfigurationKind kind, UnixFileMode others, string severity)
    {
        string path = Write("# nothing", Owner | others);

        IReadOnlyList<ConfigurationFinding> findings = SettingsFile.Check(kind, path, new Dictionary<string, string>()).Findings;

        Assert.Equal(severity, findings.Count == 0 ? "" : Assert.Single(findings).Severity.ToString());
        Assert.All(findings, finding => Assert.Contains("chmod", finding.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void A_file_with_a_password_is_its_owners_alone()
    {
        const string Secret = "hunter2";
        string path = Write($"networking:\n  server_host: a\n  proxy: http://me:{Secret}@proxy:1\n", Owner | UnixFileMode.GroupRead);

        var error = Assert.Throws<PantryException>(() => SettingsFile.LoadHost(ConfigurationKind.Client, path, new Dictionary<string, string>()));
        Assert.Contains("'networking.proxy' holds a password", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, error.Message, StringComparison.Ordinal);

        SetMode(path, Owner);
        HostSettings loaded = SettingsFile.LoadHost(ConfigurationKind.Client, path, new Dictionary<string, string>()).Values;
        Assert.Equal($"me:{Secret}", loaded.Network.Proxy!.UserInfo);
        Assert.DoesNotContain(Secret, HostSchema.Instance.Find("networking.proxy")!.Show(loaded), StringComparison.Ordinal);
    }

    [Fact]
    public void A_proxy_that_is_none_is_not_quoted_with_its_password()
    {
        string path = Write("networking:\n  proxy: ftp://me:hunter2@proxy:1\n", Owner);

        var error = Assert.Throws<PantryException>(() => SettingsFile.LoadHost(ConfigurationKind.Client, path, new Dictionary<string, string>()));

        Assert.DoesNotContain("hunter2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_operators_file_begins_where_the_defaults_are()
    {
        string path = Write("operator_file: keys/mary.operator\nbatch_size: 5\ntimeouts: { run: 1h }\n", Owner);

        OperatorSettings settings = OperatorDefaults.Load(path, new Dictionary<string, string>()).Values;

        Assert.Equal(Path.Combine(_folder, "keys", "mary.operator"), settings.OperatorFile);
        Assert.Equal((5, TimeSpan.FromHours(1)), (settings.Options.BatchSize, settings.Options.RunTimeout));
    }

    [Fact]
    public void Without_defaults_the_environment_says_which_operator()
    {
        OperatorSettings settings = OperatorDefaults.Load(Path.Combine(_folder, "none.yaml"), new Dictionary<string, string> { ["PANTRY_OPERATOR_FILE"] = "x.operator" }).Values;

        Assert.Equal("x.operator", settings.OperatorFile);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Write(string text, UnixFileMode mode)
    {
        string path = Path.Combine(_folder, "operator.yaml");
        File.WriteAllText(path, text);
        SetMode(path, mode);
        return path;
    }

    private static void SetMode(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, mode);
    }
}
