using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Pantry.Daemon.Tests;

/// <summary>Ctrl+C ends whatever waits, at once and with its own exit code.</summary>
public sealed class InterruptTests
{
    // More than a pipe holds: it is written when somebody reads.
    private static readonly string Unended = new('x', 300_000);

    public static bool NoSignals => OperatingSystem.IsWindows();

    [Fact(SkipWhen = nameof(NoSignals), SkipType = typeof(InterruptTests), Skip = "Signals are POSIX.")]
    public async Task A_command_whose_server_does_not_answer_is_ended()
    {
        await using var fleet = new DaemonFleet();
        PantryProcess server = await fleet.StartServerAsync();
        string kept = Path.Combine(fleet.Directory, "kept.operator");
        File.Copy(fleet.Console, kept);
        await server.KillAsync();
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        string address = $"127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}";
        string[][] commands =
        [
            ["clients"], ["jobs"], ["jobs", "0190000000000000", "--wait"], ["status"], ["send", "--all", "--", "true"], ["send", "--all", "--live", "--shell", "true"],
            ["approve", "web01"], ["enroll", "web01", "--out-file", Path.Combine(fleet.Directory, "web01.enrollment")], ["operators"], ["operators", "revoke", "mary"],
        ];
        foreach (string[] command in commands)
            await EndsAsync(PantryProcess.Start([command[0], "--operator-file", kept, "--server", address, .. command[1..]]), silent);
        await EndsAsync(
            PantryProcess.Start("client", "enroll", "--server", address, "--server-key", "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID", "--identity", "web01",
                "--config", fleet.ClientConfig("web01"), "--path", fleet.Home("web01")),
            silent);
        Assert.False(File.Exists(fleet.ClientConfig("web01")));
    }

    [Theory(SkipWhen = nameof(NoSignals), SkipType = typeof(InterruptTests), Skip = "Signals are POSIX.")]
    [InlineData("send", "--all", "--script", "-")]
    [InlineData("client", "enroll", "--server", "127.0.0.1", "--token", "-")]
    public async Task A_command_that_waits_for_its_standard_input_is_ended(params string[] command)
    {
        await using PantryProcess process = PantryProcess.Start(command);
        await process.TypeAsync(Unended);
        process.Signal("INT");
        Assert.Equal((int)ExitCode.Interrupted, await process.ExitAsync());
        Assert.Equal("", process.Errors);
    }

    [Fact(SkipWhen = nameof(NoSignals), SkipType = typeof(InterruptTests), Skip = "Signals are POSIX.")]
    public async Task A_command_that_waits_for_a_script_from_a_pipe_is_ended()
    {
        await using var fleet = new DaemonFleet();
        string pipe = Path.Combine(fleet.Directory, "pipe");
        using (Process make = Process.Start("mkfifo", pipe))
            await make.WaitForExitAsync().WaitAsync(PantryProcess.Deadline);
        await using PantryProcess process = PantryProcess.Start("send", "--all", "--script", pipe);
        // Is open only once the program reads it too, and stays so without a word.
        using FileStream writer = await Task.Run(() => new FileStream(pipe, FileMode.Open, FileAccess.Write)).WaitAsync(PantryProcess.Deadline);
        process.Signal("INT");
        Assert.Equal((int)ExitCode.Interrupted, await process.ExitAsync());
        Assert.Equal("", process.Errors);
    }

    private static async Task EndsAsync(PantryProcess process, TcpListener silent)
    {
        await using PantryProcess ended = process;
        using TcpClient dialled = await silent.AcceptTcpClientAsync().WaitAsync(PantryProcess.Deadline);
        process.Signal("INT");
        Assert.Equal((int)ExitCode.Interrupted, await process.ExitAsync());
        Assert.DoesNotContain("   at ", process.Errors, StringComparison.Ordinal);
    }
}
