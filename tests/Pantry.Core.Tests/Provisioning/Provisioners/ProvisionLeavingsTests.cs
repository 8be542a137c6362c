using Pantry.Client;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Provisioning.Provisioners;

/// <summary>What a client that is killed in the middle of a run leaves on its machine.</summary>
public sealed class ProvisionLeavingsTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Secrets_and_work_files_of_a_run_that_a_kill_cut_off_are_gone_when_the_client_is_back_and_its_tool_has_ended(bool outlives)
    {
        if (OperatingSystem.IsWindows())
            return; // The tool here is a shell script.
        await using Fleet fleet = await Fleet.StartAsync();
        ClientConfiguration configuration = await fleet.ConfigurationAsync("web1", "shop");
        string enrollment = Path.Combine(fleet.Root, "enrollment"), found = Path.Combine(fleet.Root, "found"), go = Path.Combine(fleet.Root, "go");
        EnrollmentFile.Save(enrollment, configuration.Enrollment!);
        // A tool that gets its secrets as a file, says where that is, and goes on until it may end.
        string tool = Path.Combine(fleet.Root, "tool"), definitions = Path.Combine(configuration.Path, "provisioners");
        await File.WriteAllTextAsync(tool, $"#!/bin/sh\necho \"$1 $2 $$\" > {found}.new; mv {found}.new {found}\nwhile [ ! -e {go} ]; do sleep 0.05; done\n");
        File.SetUnixFileMode(tool, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Directory.CreateDirectory(configuration.Path);
        Directory.CreateDirectory(definitions, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.SetUnixFileMode(configuration.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await File.WriteAllTextAsync(Path.Combine(definitions, "slow.yaml"), $$"""
            name: slow
            programs: ['{{tool}}']
            secrets: file
            apply:
              arguments: ['{secrets}', '{work}']
            """);

        string[] said;
        await using (HostProcess client = await HostProcess.StartAsync("client", enrollment, configuration.Path))
        {
            await StartAsync(fleet);
            await Fleet.EventuallyAsync(() => File.Exists(found), "the tool to run");
            said = (await File.ReadAllTextAsync(found)).Trim().Split(' ');
            Assert.Contains("hunter22", await File.ReadAllTextAsync(said[0]), StringComparison.Ordinal);
            await client.KillAsync();
        }

        Assert.True(File.Exists(said[0]));
        Assert.True(Directory.Exists(said[1]));
        using var process = System.Diagnostics.Process.GetProcessById(int.Parse(said[2], System.Globalization.CultureInfo.InvariantCulture));
        if (!outlives)
        {
            await File.WriteAllTextAsync(go, "");
            await process.WaitForExitAsync(new CancellationTokenSource(Fleet.Deadline).Token);
        }

        await using HostProcess again = await HostProcess.StartAsync("client", enrollment, configuration.Path);
        if (outlives)
        {
            // It still reads them.
            Assert.True(File.Exists(said[0]));
            Assert.True(Directory.Exists(said[1]));
            await File.WriteAllTextAsync(go, "");
            await Fleet.EventuallyAsync(() => !Directory.Exists(Path.GetDirectoryName(said[0])) && !Directory.Exists(said[1]), "the files to be removed when the tool has ended");
        }

        Assert.False(Directory.Exists(Path.GetDirectoryName(said[0])));
        Assert.False(Directory.Exists(said[1]));
        Assert.Empty(Directory.GetDirectories(Path.Combine(configuration.Path, "provision", "work")));
    }

    private static async Task StartAsync(Fleet fleet)
    {
        using PackageFolder folder = new PackageFolder().With("empty", "");
        await folder.PublishAsync(fleet.Server.Fleet, "web", "1.0.0", "slow");
        await fleet.Server.Fleet.Provisioning.SaveApplicationAsync(new SaveApplication("shop", 0), "packages: { web: '*' }\nparameters: { token: !secret token }", default);
        await fleet.Server.Fleet.StartJobAsync(await ProvisionJobTests.RequestAsync(fleet.Server.Fleet, Target.Clients(["web1"]), ("token", "hunter22")), default);
    }
}
