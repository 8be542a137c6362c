using Pantry.Configuration;
using Pantry.Configuration.Settings;
using Pantry.Protocol;

namespace Pantry.Tests.Configuration;

public sealed class SettingsFileTests : IDisposable
{
    private static readonly Dictionary<string, string> NoVariables = [];

    private readonly string _folder = Directory.CreateTempSubdirectory("pantry-test-").FullName;

    [Fact]
    public void One_file_serves_server_and_client()
    {
        string path = Write("""
            root_dir: /var/lib/pantry
            log_to: [syslog, /var/log/pantry.log]
            log_level: warning
            networking:
              server_host: localhost
              pub_sub_port: 23011
              receive_port: 23012
              security: curve
            client:
              identity: app.host
              application: pantry
              roles: [web, db]
              heartbeat_interval: 2
              allowed_commands: Ping
              facts:
                rack: r1
            limits:
              output: 1MiB
            retention: { jobs: 7d }
            """);

        HostSettings server = SettingsFile.LoadHost(ConfigurationKind.Server, path, NoVariables).Values;
        HostSettings client = SettingsFile.LoadHost(ConfigurationKind.Client, path, NoVariables).Values;

        Assert.Equal(("/var/lib/pantry", "localhost", 23011, 23012, 23003), (server.RootDirectory, server.Network.ServerHost, server.Network.PublishPort, server.Network.ReceivePort, server.Network.FilePort));
        Assert.Equal([new LogTarget(LogOutput.Syslog), new LogTarget(LogOutput.File, "/var/log/pantry.log")], server.Log.Targets!);
        Assert.Equal((LogSeverity.Warn, TimeSpan.FromDays(7)), (server.Log.Level, server.Retention.Jobs));
        Assert.Equal(("app.host", "pantry", null), (client.Client.Identity, client.Client.Application, client.Client.Environment));
        Assert.Equal(["web", "db"], client.Client.Roles);
        Assert.Equal(["Ping"], client.Client.AllowedCommands!);
        Assert.Equal("r1", client.Client.Facts["RACK"]);
        Assert.Equal((TimeSpan.FromSeconds(2), 1024 * 1024), (client.Options.HeartbeatInterval, client.Options.OutputBytes));
    }

    [Theory]
    [InlineData("networking: [", ":2:1: ")]
    [InlineData("networking:\n  receive_prt: 1", ":2:3: there is no key 'receive_prt' in 'networking'. Did you mean 'receive_port'?")]
    [InlineData("receive_port: 1", ":1:1: there is no key 'receive_port'. Did you mean 'networking.receive_port'?")]
    [InlineData("networking:\n  receive_port: many", ":2:17: 'networking.receive_port' must be a port from 0 to 65535, not 'many'.")]
    [InlineData("networking:\n  receive_port: 65536", "must be a port")]
    [InlineData("networking:\n  receive_port: [1]", ":2:17: 'networking.receive_port' must be a single value.")]
    [InlineData("networking:\n  server_host: a b", ":2:16: 'networking.server_host' 'a b' is no valid address")]
    [InlineData("networking:\n  server_host: a:1", ":2:16: 'networking.server_host' must be an IPv4 address, an IPv6 address or a DNS name, without a port, not 'a:1'.")]
    [InlineData("networking:\n  security: none", ":2:13: 'networking.security' cannot be 'none': there is 'curve' and nothing else.")]
    [InlineData("networking:\n  security: plain", "Every connection is encrypted")]
    [InlineData("networking:\n  proxy: ftp://x", ":2:10: 'networking.proxy' must be a proxy")]
    [InlineData("networking: 5", ":1:13: 'networking' must hold keys and values.")]
    [InlineData("client:\n  identity: ../x", ":2:13: 'client.identity' '../x' is no valid identity")]
    [InlineData("client:\n  roles:\n    a: b", "must be a list")]
    [InlineData("client:\n  roles:\n    - web\n    - ../db", ":4:7: 'client.roles' ")]
    [InlineData("client:\n  facts: { a: 1, A: 2 }", "has 'A' twice")]
    [InlineData("clients: {}", "Did you mean 'client'?")]
    [InlineData("log_level: loud", ":1:12: 'log_level' must be one of trace, debug, info, warn, error, fatal, none, not 'loud'.")]
    [InlineData("nothing_alike: 1", ":1:1: there is no key 'nothing_alike'. There are client, ")]
    [InlineData("networking:\n  b*: 1", ":2:3: there is no key 'b*' in 'networking'. There are ")]
    [InlineData("log_level: inf", "Did you mean 'info'?")]
    [InlineData("log_to: sislog", "'log_to' must be stdout, stderr, syslog, journald, eventlog or the path of a file, not 'sislog'. Did you mean 'syslog'?")]
    [InlineData("timeouts: { delivery: soon }", "must be a time such as 250ms, 30s, 5m, 1h or 7d, not 'soon'.")]
    [InlineData("timeouts: { delivery: 1s }", "'timeouts.delivery' must be from 2s to 1d, not 1s.")]
    [InlineData("limits: { output: 1XB }", "must be a size such as 500KB, 10MiB or 4GiB")]
    [InlineData("metrics: { prometheus: localhost }", "must be a host and a port")]
    [InlineData("client: { heartbeat_interval: 10s }", "'client.heartbeat_interval' must be less than half of timeouts.dead_after, which is 15s")]
    [InlineData("networking: { receive_port: 0 }", "'networking.receive_port' must be the server's port")]
    [InlineData("- a", ":1:1: the file must hold keys and values")]
    [InlineData("root_dir: &a x\nclient:\n  identity: *a", ":3:13: aliases are not allowed")]
    [InlineData("root_dir: a\nroot_dir: b", "uplicate")]
    [InlineData("a: 1\n---\nb: 2", "a second one begins")]
    [InlineData("client: {identity: \"a", "")]
    public void An_error_names_file_line_and_column(string yaml, string expected)
    {
        string path = Write(yaml);

        var error = Assert.Throws<PantryException>(() => SettingsFile.LoadHost(ConfigurationKind.Client, path, NoVariables));

        Assert.Equal(PantryErrorCode.InvalidConfiguration, error.Code);
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_errors_of_a_file_are_said_at_once()
    {
        string path = Write("log_level: loud\nnetworking:\n  receive_prt: 1\n  pub_sub_port: x\nclient:\n  roles: [ok, 'a b', c/d]\n");

        var error = Assert.Throws<PantryException>(() => SettingsFile.LoadHost(ConfigurationKind.Server, path, NoVariables));
        (IReadOnlyList<ConfigurationFinding> findings, ConfigurationSummary summary) = SettingsFile.Check(ConfigurationKind.Server, path, NoVariables);

        Assert.Equal([(1, 12), (3, 3), (4, 17), (6, 15), (6, 22)], findings.Select(finding => (finding.Line, finding.Column)));
        Assert.Equal(findings.Select(finding => finding.ToString()), error.Message.Split('\n'));
        Assert.Equal((false, 5, 0), (summary.IsValid, summary.Errors, summary.Warnings));
    }

    [Fact]
    public void The_environment_comes_before_the_file_and_parameters_before_both()
    {
        string path = Write("log_level: debug\nnetworking:\n  receive_port: 1\n  pub_sub_port: 1\n  file_service_port: 1\nclient:\n  roles: [file]\n");
        var variables = new Dictionary<string, string>
        {
            ["PANTRY_NETWORKING__RECEIVE_PORT"] = "2",
            ["PANTRY_NETWORKING__PUB_SUB_PORT"] = "2",
            ["PANTRY_CLIENT__ROLES"] = "web, db",
            ["PANTRY_CLIENT__FACTS"] = "rack=r1, row = 7",
            ["PANTRY_ROOT_DIR"] = "",
        };

        LoadedSettings<HostSettings> loaded = SettingsFile.LoadHost(ConfigurationKind.Server, path, variables, new SettingOverrides().Set("networking.pub_sub_port", 3, "--publish-port"));

        Assert.Equal((3, 2, 1), (loaded.Values.Network.PublishPort, loaded.Values.Network.ReceivePort, loaded.Values.Network.FilePort));
        Assert.Equal(["web", "db"], loaded.Values.Client.Roles);
        Assert.Equal(("r1", "7"), (loaded.Values.Client.Facts["rack"], loaded.Values.Client.Facts["row"]));
        Assert.Equal(new SettingOrigin(SettingSource.File, $"{path}:1:12"), loaded.Origins["log_level"]);
        Assert.Equal(new SettingOrigin(SettingSource.Environment, "PANTRY_NETWORKING__RECEIVE_PORT"), loaded.Origins["networking.receive_port"]);
        Assert.Equal(new SettingOrigin(SettingSource.Parameter, "--publish-port"), loaded.Origins["networking.pub_sub_port"]);
        Assert.False(loaded.Origins.ContainsKey("root_dir"));
    }

    [Fact]
    public void An_error_in_a_variable_or_parameter_names_it()
    {
        var variables = new Dictionary<string, string> { ["PANTRY_NETWORKING__RECEIVE_PORT"] = "x" };

        var error = Assert.Throws<PantryException>(() => SettingsFile.LoadHost(
            ConfigurationKind.Server, null, variables, new SettingOverrides().Set("client.roles", ["a b"], "--role").Set("log_levl", "info", "--set")));

        Assert.Contains("PANTRY_NETWORKING__RECEIVE_PORT: 'networking.receive_port' must be a port", error.Message, StringComparison.Ordinal);
        Assert.Contains("--role: 'client.roles'", error.Message, StringComparison.Ordinal);
        Assert.Contains("--set: there is no key 'log_levl'. Did you mean 'log_level'?", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_mistyped_variable_is_a_warning_and_those_of_commands_are_none()
    {
        var variables = new Dictionary<string, string> { ["PANTRY_NETWORKING__RECEIVE_PRT"] = "1", ["PANTRY_JOB_ID"] = "x", ["PANTRY_SECRET_TOKEN"] = "x", ["PANTRY_X__Y"] = "x" };

        ConfigurationFinding warning = Assert.Single(SettingsFile.LoadHost(ConfigurationKind.Server, null, variables).Warnings);

        Assert.Equal("PANTRY_NETWORKING__RECEIVE_PRT", warning.Path);
        Assert.Contains("Did you mean 'receive_port'?", warning.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_named() => Assert.Contains(
        "nowhere.yml", Assert.Throws<PantryException>(() => SettingsFile.LoadHost(ConfigurationKind.Server, Path.Combine(_folder, "nowhere.yml"), NoVariables)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("# nothing\n")]
    [InlineData("networking:\nclient: ~\nlog_level: null\n")]
    public void A_file_that_says_nothing_leaves_every_default(string yaml)
    {
        LoadedSettings<HostSettings> loaded = SettingsFile.LoadHost(ConfigurationKind.Server, Write(yaml), NoVariables);

        Assert.Empty(loaded.Origins);
        Assert.Same(HostSchema.Instance.Defaults, loaded.Values);
    }

    [Fact]
    public void Defaults_are_those_of_the_limits_themselves()
    {
        HostSettings defaults = SettingsFile.LoadHost(ConfigurationKind.Server, null, NoVariables).Values;

        Assert.Equal(new PantryOptions(), defaults.Options with { Wire = new WireLimits() });
        Assert.Equal(new Pantry.Storage.StorageLimits(), Pantry.Hosting.ConfiguredHost.Storage(defaults));
    }

    [Fact]
    public void Every_key_takes_its_own_default_and_example_back()
    {
        foreach (SettingKey<HostSettings> key in HostSchema.Instance.Keys)
        {
            // What is written is read again as the same.
            string text = key.Example ?? key.Write(new HostSettings())!;
            HostSettings taken = SettingsFile.LoadHost(ConfigurationKind.Server, Write(Nested(key.Path, text)), NoVariables).Values;
            string? written = key.Write(taken);
            Assert.NotNull(written);
            if (key.Example is null)
                Assert.Equal(text, written);
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Nested(string path, string value) =>
        path.Contains('.', StringComparison.Ordinal) ? $"{path[..path.IndexOf('.', StringComparison.Ordinal)]}:\n  {path[(path.IndexOf('.', StringComparison.Ordinal) + 1)..]}: {value}\n" : $"{path}: {value}\n";

    private string Write(string text)
    {
        string path = Path.Combine(_folder, "pantry.yml");
        File.WriteAllText(path, text);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }
}
