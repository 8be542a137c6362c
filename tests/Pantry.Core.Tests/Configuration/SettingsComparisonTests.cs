using Pantry.Configuration.Settings;

namespace Pantry.Tests.Configuration;

public sealed class SettingsComparisonTests
{
    private static readonly HostSettings Old = new() { Network = new NetworkSettings { Proxy = new Uri("http://u:old@p:1") } };

    [Fact]
    public void What_can_change_while_a_host_runs_is_told_from_what_needs_a_restart()
    {
        HostSettings now = Old with
        {
            Log = Old.Log with { Level = LogSeverity.Debug },
            Network = Old.Network with { ReceivePort = 1 },
            Client = Old.Client with { AllowedCommands = ["Ping"], Facts = new Dictionary<string, string> { ["rack"] = "r1" } },
            Retention = Old.Retention with { Jobs = TimeSpan.FromDays(1) },
        };

        Assert.Equal(
            [("log_level", true), ("networking.receive_port", false), ("client.allowed_commands", true), ("client.facts", true)],
            SettingsComparison.Of(ConfigurationKind.Client, Old, now).Select(change => (change.Key, change.Live)));
        Assert.Equal(
            ["log_level: info -> debug", "networking.receive_port: 23002 -> 1 (needs a restart)", "retention.jobs: 30d -> 1d"],
            SettingsComparison.Of(ConfigurationKind.Server, Old, now).Select(change => change.ToString()));
    }

    [Fact]
    public void Nothing_has_changed_where_the_values_are_the_same()
    {
        HostSettings same = Old with { Client = Old.Client with { Roles = [], Facts = new Dictionary<string, string>() } };

        Assert.Empty(SettingsComparison.Of(ConfigurationKind.Client, Old, same));
    }

    [Fact]
    public void A_password_that_has_changed_is_a_change_and_is_not_shown()
    {
        HostSettings now = Old with { Network = Old.Network with { Proxy = new Uri("http://u:new@p:1") } };

        SettingChange change = Assert.Single(SettingsComparison.Of(ConfigurationKind.Client, Old, now));

        Assert.Equal("networking.proxy: http://***@p:1 -> http://***@p:1 (needs a restart)", change.ToString());
    }
}
