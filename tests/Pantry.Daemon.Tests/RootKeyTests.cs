using System.Text.Json;

namespace Pantry.Daemon.Tests;

/// <summary>The root key goes offline and comes back without PowerShell.</summary>
public sealed class RootKeyTests
{
    public static bool NoSignals => OperatingSystem.IsWindows();

    [Fact(SkipWhen = nameof(NoSignals), SkipType = typeof(RootKeyTests), Skip = "Signals are POSIX.")]
    public async Task The_root_key_is_taken_offline_makes_an_operator_elsewhere_and_comes_back()
    {
        await using var fleet = new DaemonFleet();
        PantryProcess server = await fleet.StartServerAsync();
        string key = Path.Combine(fleet.Directory, "root.key"), mary = Path.Combine(fleet.Directory, "mary.operator"), john = Path.Combine(fleet.Directory, "john.operator");
        string[] export = ["root-key", "export", "--config", fleet.ServerConfig, "--out-file", key, "--take-offline", "--password-file", "-"];

        PantryRun running = (await PantryProcess.RunWithAsync("open sesame\n", null, export)).Ends(ExitCode.LocalFault);
        Assert.Contains("RootInUse", running.Errors, StringComparison.Ordinal);
        await server.StopAsync();
        PantryRun alone = (await PantryProcess.RunWithAsync("open sesame\n", null, export)).Ends(ExitCode.Usage);
        Assert.Contains("Make one first with pantry operators add --administrator", alone.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(key));

        server = await fleet.StartServerAsync();
        (await fleet.OperateAsync("operators", "add", "mary", "--scope", "*:*", "--administrator", "--out-file", mary)).Ends(ExitCode.Success);
        await server.StopAsync();
        PantryRun exported = (await PantryProcess.RunWithAsync("open sesame\n", null, [.. export, "-o", "json"])).Ends(ExitCode.Success);
        using JsonDocument info = JsonDocument.Parse(exported.Output);
        Assert.False(info.RootElement.GetProperty("IsAtServer").GetBoolean());
        Assert.Contains("ENCRYPTED", await File.ReadAllTextAsync(key), StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(fleet.Root, "keys", "root.key")));

        server = await fleet.StartServerAsync();
        Assert.False(File.Exists(fleet.Console));
        string[] add = ["operators", "add", "john", "--operator-file", mary, "--scope", "shop:*", "--out-file", john];
        PantryRun without = (await PantryProcess.RunAsync(add)).Ends(ExitCode.Unreachable);
        Assert.Contains("--root-key-file, or bring the key back with pantry root-key import", without.Errors, StringComparison.Ordinal);
        (await PantryProcess.RunWithAsync("wrong\n", null, [.. add, "--root-key-file", key, "--root-key-password-file", "-"])).Ends(ExitCode.Usage);
        (await PantryProcess.RunWithAsync("open sesame\n", null, [.. add, "--root-key-file", key, "--root-key-password-file", "-"])).Ends(ExitCode.Success);
        (await PantryProcess.RunAsync("clients", "--operator-file", john)).Ends(ExitCode.Success);
        (await PantryProcess.RunWithAsync("open sesame\n", null, "operators", "revoke", "john", "--operator-file", mary, "--root-key-file", key, "--root-key-password-file", "-")).Ends(ExitCode.Success);
        (await PantryProcess.RunAsync("clients", "--operator-file", john)).Ends(ExitCode.Unreachable);
        await server.StopAsync();

        string password = Path.Combine(fleet.Directory, "password");
        await File.WriteAllTextAsync(password, "open sesame\n");
        PantryRun back = (await PantryProcess.RunAsync("root-key", "import", key, "--root", fleet.Root, "--password-file", password)).Ends(ExitCode.Success);
        Assert.Contains("AtServer    : yes", back.Output, StringComparison.Ordinal);
        PantryRun renewed = (await PantryProcess.RunAsync("root-key", "renew", "--root", fleet.Root, "-q")).Ends(ExitCode.Success);
        Assert.Equal(("", ""), (renewed.Output, renewed.Errors));
        server = await fleet.StartServerAsync();
        (await fleet.OperateAsync("operators")).Ends(ExitCode.Success);
    }

    [Fact]
    public async Task A_directory_that_is_no_servers_is_left_as_it_is()
    {
        await using var fleet = new DaemonFleet();
        PantryRun run = (await PantryProcess.RunAsync("root-key", "renew", "--root", fleet.Directory)).Ends(ExitCode.Usage);
        Assert.Contains("is no server's root directory", run.Errors, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(fleet.Directory));
    }
}
