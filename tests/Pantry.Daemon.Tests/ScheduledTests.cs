using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text.Json;

namespace Pantry.Daemon.Tests;

/// <summary>The examples of scheduled automation, run as their units run them.</summary>
[SupportedOSPlatform("linux")]
public sealed class ScheduledTests
{
    private static readonly string Examples = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "..", "..", "examples", "scheduled"));

    [Fact]
    public async Task The_order_of_the_night_ends_with_0_when_every_client_succeeds()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "systemd is Linux'.");
        await using var fleet = new DaemonFleet();
        await StartAsync(fleet, "web1");
        (int code, string output, string errors) = await RunAsync(fleet, "true", webhook: null);
        Assert.True(code == 0, $"{code}\n{output}\n{errors}");
        Assert.Contains("\"Client\":\"web1\"", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_fails_in_the_night_is_told_to_the_webhook_and_by_the_exit_code()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "systemd is Linux'.");
        await using var fleet = new DaemonFleet();
        await StartAsync(fleet, "web1", "web2");
        string flag = Path.Combine(fleet.Directory, "first");
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task<string> told = HearAsync(listener);

        // Whoever makes the directory first succeeds; the other fails.
        (int code, string output, string errors) = await RunAsync(fleet, $"mkdir {flag}", $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/hook");

        Assert.True(code == 1, $"{code}\n{output}\n{errors}");
        Assert.Equal(2, output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        using var body = JsonDocument.Parse(await told.WaitAsync(PantryProcess.Deadline));
        Assert.Equal(1, body.RootElement.GetProperty("exitCode").GetInt32());
        JsonElement row = Assert.Single(body.RootElement.GetProperty("rows").EnumerateArray());
        Assert.Equal("Failed", row.GetProperty("Status").GetString());
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_told_to_the_webhook_too()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "systemd is Linux'.");
        await using var fleet = new DaemonFleet();
        PantryProcess server = await fleet.StartServerAsync();
        (await fleet.OperateAsync("operators", "add", "night", "--scope", "shop.production:Shell", "--out-file", Keys(fleet))).Ends(ExitCode.Success);
        Assert.Equal(0, await server.StopAsync());
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task<string> told = HearAsync(listener);

        (int code, _, string errors) = await RunAsync(fleet, "true", $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/hook");

        Assert.True(code == 3, $"{code}\n{errors}");
        using var body = JsonDocument.Parse(await told.WaitAsync(PantryProcess.Deadline));
        Assert.Equal(3, body.RootElement.GetProperty("exitCode").GetInt32());
        Assert.Empty(body.RootElement.GetProperty("rows").EnumerateArray());
    }

    private static string Keys(DaemonFleet fleet) => Path.Combine(fleet.Directory, "night.operator");

    private static async Task StartAsync(DaemonFleet fleet, params string[] clients)
    {
        await fleet.StartServerAsync();
        foreach (string client in clients)
        {
            await fleet.EnrollAsync(client);
            await fleet.StartClientAsync(client);
        }

        (await fleet.OperateAsync("operators", "add", "night", "--scope", "shop.production:Shell", "--out-file", Keys(fleet))).Ends(ExitCode.Success);
    }

    // The unit's own line, with the script where it is here and another program at its end; `pantry` is the one that was built.
    private static async Task<(int Code, string Output, string Errors)> RunAsync(DaemonFleet fleet, string program, string? webhook)
    {
        string line = File.ReadLines(Path.Combine(Examples, "pantry-job.service")).First(line => line.StartsWith("ExecStart=", StringComparison.Ordinal))["ExecStart=".Length..];
        string[] words = line.Split(' ');
        string[] command = [Path.Combine(Examples, Path.GetFileName(words[0])), words[1], .. program.Split(' ')];
        string shim = Path.Combine(Directory.CreateDirectory(Path.Combine(fleet.Directory, "bin")).FullName, "pantry");
        await File.WriteAllTextAsync(shim, $"#!/bin/sh\nexec dotnet '{PantryProcess.Program}' \"$@\"\n");
        File.SetUnixFileMode(shim, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PATH"] = $"{Path.GetDirectoryName(shim)}:{start.Environment["PATH"]}";
        start.Environment["PANTRY_OPERATOR_FILE"] = Keys(fleet);
        start.Environment["PANTRY_WEBHOOK"] = webhook;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(PantryProcess.Deadline);
        return (process.ExitCode, await output, await errors);
    }

    // One request over HTTP: its body.
    private static async Task<string> HearAsync(TcpListener listener)
    {
        using TcpClient connection = await listener.AcceptTcpClientAsync();
        await using NetworkStream stream = connection.GetStream();
        using var reader = new StreamReader(stream);
        int length = 0;
        while (await reader.ReadLineAsync() is { Length: > 0 } header)
        {
            if (header.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
                length = int.Parse(header["Content-Length:".Length..], System.Globalization.CultureInfo.InvariantCulture);
        }

        char[] body = new char[length];
        int read = await reader.ReadBlockAsync(body);
        await stream.WriteAsync("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"u8.ToArray());
        return new string(body, 0, read);
    }
}
