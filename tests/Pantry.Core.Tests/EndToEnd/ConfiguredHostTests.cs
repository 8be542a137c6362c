using Pantry.Client;
using Pantry.Configuration;
using Pantry.Configuration.Settings;
using Pantry.Hosting;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Targeting;
using Pantry.Tests.Transport.Gates;

namespace Pantry.Tests.EndToEnd;

/// <summary>What a configuration says is what a host does, from its start or from its next reading.</summary>
public sealed class ConfiguredHostTests
{
    [Theory]
    [InlineData("http")]
    [InlineData("socks5")]
    public async Task A_client_and_a_console_dial_through_the_proxy_that_is_configured(string scheme)
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await using var proxy = new LittleProxy(demandsCredentials: false);
        var through = new Uri($"{scheme}://127.0.0.1:{proxy.Port}");
        ClientConfiguration enrolled = await fleet.ConfigurationAsync("a", "shop");
        ClientConfiguration configured = ConfiguredHost.Client(new HostSettings
        {
            Network = new NetworkSettings { ServerHost = "127.0.0.1", PublishPort = fleet.Server.PublishPort, ReceivePort = fleet.Server.ReceivePort, Proxy = through },
            Client = new ClientSettings { Identity = "a", Application = "shop", Path = enrolled.Path },
        }, _ => "");

        await fleet.StartAsync(configured with { Enrollment = enrolled.Enrollment });

        Assert.Equal(["Succeeded"], (await fleet.RunAsync(Target.Clients(["a"]), "Ping")).Select(row => row.Result.Status.ToString()));
        Assert.Superset(
            new HashSet<string> { $"127.0.0.1:{fleet.Server.PublishPort}", $"127.0.0.1:{fleet.Server.ReceivePort}" }, new HashSet<string>(proxy.Targets));

        int before = proxy.Targets.Count;
        string file = Path.Combine(fleet.Root, "mary.operator");
        OperatorFile.Save(file, await fleet.AddOperatorAsync("mary"));
        await using RemoteFleet console = await RemoteFleet.ConnectAsync(ConfiguredHost.Operator(new OperatorSettings { Proxy = through }, file));
        Assert.True(proxy.Targets.Count > before);
        Assert.DoesNotContain("proxy", await File.ReadAllTextAsync(file), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_client_that_runs_takes_what_it_allows_and_its_facts_from_a_configuration_that_was_read_again()
    {
        await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { FactsInterval = TimeSpan.FromMilliseconds(100) });
        ClientAgent client = await fleet.AddAsync("a");
        var old = new HostSettings();
        HostSettings now = old with
        {
            Client = old.Client with { AllowedCommands = ["Echo"], Facts = new Dictionary<string, string> { ["rack"] = "r1" } },
            Options = old.Options with { MaxWaitingCommands = 5 },
        };
        Assert.Equal("Succeeded", Assert.Single(await fleet.RunAsync(Target.Clients(["a"]), "Ping")).Result.Status.ToString());

        IReadOnlyList<SettingChange> changes = ConfiguredHost.Apply(client, null, old, now);

        Assert.Equal([("client.allowed_commands", true), ("client.facts", true), ("limits.max_waiting_commands", false)], changes.Select(change => (change.Key, change.Live)));
        ResultRow row = Assert.Single(await fleet.RunAsync(Target.Clients(["a"]), "Ping"));
        Assert.Equal("Denied", row.Result.Status.ToString());
        Assert.Equal("CommandNotAllowed", row.Result.Error!.Code);
        await Fleet.EventuallyAsync(() => fleet.Info("a").Facts?.Custom.GetValueOrDefault("rack") == "r1", "the new fact");
    }

    [Fact]
    public async Task A_server_that_runs_forgets_jobs_by_the_retention_that_was_read_again()
    {
        await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { ForgetInterval = TimeSpan.FromMilliseconds(100) });
        await fleet.AddAsync("a");
        await fleet.RunAsync(Target.Clients(["a"]), "Ping");
        Assert.Single(await JobsAsync(fleet));
        var old = new HostSettings();

        SettingChange change = Assert.Single(ConfiguredHost.Apply(fleet.Server, null, old, old with { Retention = old.Retention with { Jobs = TimeSpan.Zero } }));

        Assert.Equal(("retention.jobs", true), (change.Key, change.Live));
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        while ((await JobsAsync(fleet)).Count > 0)
            await Task.Delay(20, deadline.Token);
    }

    [Fact]
    public void Orders_go_in_batches_of_the_size_that_an_operators_defaults_say_unless_they_say_another()
    {
        using SigningKey key = SigningKey.Generate();
        var signer = new OrderSigner("mary", key, "network", new PantryOptions { BatchSize = 5 }, TimeProvider.System);
        var request = new JobRequest { Target = Target.All, Command = "Ping" };

        Assert.Equal(new Share(5), signer.Sign(request).Plan.BatchSize);
        Assert.Equal(new Share(2), signer.Sign(request with { Plan = new RolloutPlan { BatchSize = new Share(2) } }).Plan.BatchSize);
    }

    [Fact]
    public void A_client_whose_configuration_names_no_server_is_told_where_to_say_it()
    {
        var error = Assert.Throws<PantryException>(() => ConfiguredHost.Client(new HostSettings(), _ => ""));

        Assert.Equal(PantryErrorCode.InvalidConfiguration, error.Code);
        Assert.Contains("networking.server_host", error.Message, StringComparison.Ordinal);
    }

    private static async Task<List<JobInfo>> JobsAsync(Fleet fleet) => await fleet.Server.Fleet.FindJobsAsync(new JobFilter(), default).ToListAsync();
}
