using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace Pantry.Daemon.Tests;

/// <summary>What a service measures and says of its health, as Prometheus sees it.</summary>
public sealed partial class MetricsTests
{
    [Fact]
    public async Task A_scrape_has_clients_jobs_and_rows_and_every_name_of_the_dashboard()
    {
        await using var fleet = new DaemonFleet();
        string address = $"127.0.0.1:{DaemonFleet.FreePorts(1)[0]}";
        fleet.WriteServerConfig($"metrics:\n  prometheus: {address}\nhealth:\n  address: {address}");
        PantryProcess server = await fleet.StartServerAsync();
        await fleet.EnrollAsync("web01");
        await fleet.StartClientAsync("web01");
        (await fleet.OperateAsync("send", "--all", "--", "true")).Ends(ExitCode.Success);
        (await fleet.OperateAsync("send", "--all", "--", "false")).Ends(ExitCode.NotSucceeded);

        using var http = new HttpClient { Timeout = PantryProcess.Deadline };
        HttpResponseMessage answer = await http.GetAsync(new Uri($"http://{address}/metrics"));
        Assert.Equal("text/plain", answer.Content.Headers.ContentType?.MediaType);
        string text = await answer.Content.ReadAsStringAsync();
        Assert.All(text.TrimEnd('\n').Split('\n'), line => Assert.Matches(Line(), line));
        Assert.Equal(1, Value(text, "pantry_server_clients{state=\"online\"}"));
        Assert.Equal(0, Value(text, "pantry_server_jobs_open"));
        Assert.Equal(1, Value(text, "pantry_server_rows_total{status=\"Succeeded\"}"));
        Assert.Equal(1, Value(text, "pantry_server_rows_total{status=\"Failed\"}"));
        Assert.True(Value(text, "process_resident_memory_bytes") > 0);
        Assert.Equal(1, Value(text, "pantry_loop_turns"));

        string[] shown = [.. Named().Matches(await File.ReadAllTextAsync(Dashboard)).Select(match => match.Value).Distinct()];
        Assert.True(shown.Length > 10);
        // Those that count what did not happen have no line yet, but are known.
        Assert.All(shown.Except(["pantry_client_connected", "pantry_client_approved", "pantry_client_commands"]), name => Assert.Contains($"# TYPE {name} ", text + Silent(), StringComparison.Ordinal));

        Assert.Equal("ok\n", await http.GetStringAsync(new Uri($"http://{address}/healthz")));
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(new Uri($"http://{address}/"))).StatusCode);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await http.PostAsync(new Uri($"http://{address}/metrics"), null)).StatusCode);
        await server.KillAsync();
    }

    [Fact]
    public async Task Nothing_listens_for_metrics_unless_the_configuration_says_so_and_a_taken_port_is_an_error()
    {
        await using var fleet = new DaemonFleet();
        PantryProcess server = await fleet.StartServerAsync();
        Assert.DoesNotContain("/metrics", server.Errors, StringComparison.Ordinal);
        fleet.WriteServerConfig($"metrics:\n  prometheus: 127.0.0.1:{fleet.ReceivePort}");
        await server.KillAsync();
        using var taken = new System.Net.Sockets.TcpListener(IPAddress.Loopback, fleet.ReceivePort + 10);
        taken.Start();
        fleet.WriteServerConfig($"metrics:\n  prometheus: 127.0.0.1:{fleet.ReceivePort + 10}");
        PantryRun run = (await PantryProcess.RunAsync("server", "--config", fleet.ServerConfig)).Ends(ExitCode.LocalFault);
        Assert.Contains("metrics.prometheus", run.Errors, StringComparison.Ordinal);
    }

    private static string Dashboard { get; } = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "..", "..", "dist", "grafana", "pantry.json"));

    // Families without a line are not written: nothing was refused in this fleet, and nothing dropped.
    private static string Silent() => string.Concat(
        ((string[])["pantry_server_messages_dropped_total", "pantry_server_handshakes_refused_total", "pantry_server_connections_refused_total"]).Select(name => $"# TYPE {name} counter\n"));

    private static double Value(string text, string series) => double.Parse(
        text.Split('\n').Single(line => line.StartsWith($"{series} ", StringComparison.Ordinal))[(series.Length + 1)..], CultureInfo.InvariantCulture);

    [GeneratedRegex("""^(# (HELP|TYPE) \w+ .*|\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? -?[0-9.E+-]+)$""")]
    private static partial Regex Line();

    [GeneratedRegex(@"\b(pantry|process)_[a-z_]+")]
    private static partial Regex Named();
}
