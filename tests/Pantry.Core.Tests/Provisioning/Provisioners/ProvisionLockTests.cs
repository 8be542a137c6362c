using System.Diagnostics;
using Pantry.Commands;
using Pantry.Provisioning.Provisioners;
using Pantry.Storage;
using Pantry.Tests.EndToEnd;
using Pantry.Tests.Storage;

namespace Pantry.Tests.Provisioning.Provisioners;

/// <summary>One run at a time on a client, whatever happened to the one before.</summary>
public sealed class ProvisionLockTests : IDisposable
{
    private readonly ProvisionRig _rig = new();

    public static bool OnWindows => OperatingSystem.IsWindows();

    public void Dispose() => _rig.Dispose();

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task A_second_run_is_told_which_job_runs_and_works_once_that_has_ended()
    {
        string begun = Path.Combine(_rig.Machine, "begun"), go = Path.Combine(_rig.Machine, "go");
        ProvisionPlan first = _rig.Plan(_rig.Package("script", "slow", ("apply", $"#!/bin/sh\ntouch {begun}\nwhile [ ! -f {go} ]; do sleep 0.05; done\n")));
        ProvisionPlan second = _rig.Plan(_rig.Package("script", "quick", ("apply", "#!/bin/sh\n")));
        Task<IReadOnlyList<ProvisionReport>> run = _rig.RunAsync(first);
        await Fleet.EventuallyAsync(() => File.Exists(begun), "the first run to begin");

        ProvisionResult refused = await _rig.RunToResultAsync(second);
        Assert.Equal("ProvisionRunning", refused.Refusal!.Code);
        Assert.Contains(first.JobId, refused.Refusal.Message, StringComparison.Ordinal);
        Assert.Empty(refused.Reports);

        await File.WriteAllTextAsync(go, "");
        Assert.Equal(ProvisionStatus.Changed, Assert.Single(await run).Status);
        Assert.Equal(ProvisionStatus.Changed, Assert.Single(await _rig.RunAsync(second)).Status);
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task A_tool_that_outlived_a_killed_client_keeps_the_lock_and_what_the_client_left_is_removed_afterwards()
    {
        // What a client leaves that is killed: its note, its files, and the tool.
        ProvisionLock killed = ProvisionLock.TryTake(_rig.Runs, "jobA", DateTimeOffset.UtcNow, out _)!;
        string work = Path.Combine(_rig.Runs, "work", "jobA");
        Directory.CreateDirectory(work);
        SecretFolder secrets = SecretFolder.Create(work);
        secrets.Write("password", "hunter22"u8);
        killed.NoteFiles(work, secrets.Path);
        using Process tool = Process.Start(new ProcessStartInfo("/bin/sleep", "600") { Environment = { [ProcessTree.MarkVariable] = "jobA-0123" } })!;
        killed.NoteTool((tool.Id, DateTimeOffset.UtcNow));
        // A service that the tool has started has its mark too, and keeps nobody out.
        using Process service = Process.Start(new ProcessStartInfo("/bin/sleep", "600") { Environment = { [ProcessTree.MarkVariable] = "jobA-0123" } })!;
        byte[] note = await File.ReadAllBytesAsync(Path.Combine(_rig.Runs, "provision.json"));
        killed.Dispose();
        OwnersFile(Path.Combine(_rig.Runs, "provision.json"), note);

        try
        {
            await Fleet.EventuallyAsync(() => OperatingSystem.IsLinux() && ProcessTree.Marked("jobA-").Count == 2, "the tool to be seen");
            Assert.Null(ProvisionLock.TryTake(_rig.Runs, "jobB", DateTimeOffset.UtcNow, out string? refusal));
            Assert.Contains("Job jobA", refusal, StringComparison.Ordinal);
            Assert.Contains($"process {tool.Id}", refusal, StringComparison.Ordinal);
            Assert.True(Directory.Exists(secrets.Path));
        }
        catch
        {
            service.Kill();
            throw;
        }
        finally
        {
            tool.Kill();
            await tool.WaitForExitAsync();
        }

        using ProvisionLock? taken = ProvisionLock.TryTake(_rig.Runs, "jobB", DateTimeOffset.UtcNow, out string? none);
        service.Kill();
        Assert.Null(none);
        Assert.NotNull(taken);
        Assert.False(Directory.Exists(secrets.Path));
        Assert.False(Directory.Exists(work));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("""{"job":"x","startedAt":"2026-01-01T00:00:00Z","work":"/","secrets":"/etc"}""")]
    public void A_damaged_or_forged_note_keeps_nobody_out_and_has_nothing_else_removed(string text)
    {
        Directory.CreateDirectory(_rig.Home);
        ProvisionLock.TryTake(_rig.Runs, "jobA", DateTimeOffset.UtcNow, out _)!.Dispose();
        OwnersFile(Path.Combine(_rig.Runs, "provision.json"), System.Text.Encoding.UTF8.GetBytes(text));

        using ProvisionLock? taken = ProvisionLock.TryTake(_rig.Runs, "jobB", DateTimeOffset.UtcNow, out _);

        Assert.NotNull(taken);
        Assert.True(Directory.Exists(Path.GetTempPath()));
    }

    [Fact]
    public void A_tool_that_runs_goes_on_though_its_number_cannot_be_written_down_and_none_is_started_where_nothing_can()
    {
        using ProvisionLock held = ProvisionLock.TryTake(_rig.Runs, "jobA", DateTimeOffset.UtcNow, out _)!;
        string note = Path.Combine(_rig.Runs, "provision.json");
        File.Delete(note);
        // Nothing takes the place of a directory.
        Directory.CreateDirectory(note);

        held.NoteTool((Environment.ProcessId, DateTimeOffset.UtcNow));
        Assert.Equal(PantryErrorCode.StorageFailed, Assert.Throws<PantryException>(held.NoteStart).Code);
    }

    [Fact]
    public void A_full_disk_is_said_with_the_cure_whichever_file_there_was_no_room_for()
    {
        Directory.CreateDirectory(_rig.Home);
        using SmallDisk disk = SmallDisk.MountAt(_rig.Home, "64k");
        OwnerOnly.EnsureDirectory(_rig.Runs);
        disk.Fill();

        var full = Assert.Throws<PantryException>(() => ProvisionLock.TryTake(_rig.Runs, "jobA", DateTimeOffset.UtcNow, out _));
        Assert.Equal(PantryErrorCode.StorageFailed, full.Code);
        Assert.Contains(_rig.Runs, full.Message, StringComparison.Ordinal);
        Assert.Contains("Its disk is full", full.Message, StringComparison.Ordinal);
        Assert.Contains("Free some space", full.Message, StringComparison.Ordinal);
        full = Assert.Throws<PantryException>(() => new ProvisionNote("jobA", DateTimeOffset.UtcNow).Save(_rig.Runs));
        Assert.Contains("provision.json' cannot be used. Its disk is full", full.Message, StringComparison.Ordinal);

        disk.Empty();
        using ProvisionLock? taken = ProvisionLock.TryTake(_rig.Runs, "jobA", DateTimeOffset.UtcNow, out _);
        Assert.NotNull(taken);
    }

    private static void OwnersFile(string path, byte[] bytes) => Pantry.Security.PrivateFile.Replace(path, bytes);
}
