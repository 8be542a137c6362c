using Pantry.Configuration.Settings;
using Pantry.Server;

namespace Pantry.Tests.EndToEnd;

/// <summary>A server looks at its key files when it starts, and makes no new ones where others expect the old.</summary>
public sealed class KeyFilesTests : IDisposable
{
    private readonly string _directory = TestDirectory.Create();

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_server_key_that_is_gone_is_not_replaced_where_there_is_a_fleet()
    {
        string root = await StoppedAsync();
        string key = Path.Combine(root, "keys", "server.key");
        File.Move(key, key + ".copy");

        PantryException error = await RefusedAsync(root);

        Assert.Equal((PantryErrorCode.StorageFailed, key), (error.Code, error.Target));
        Assert.Contains("Bring it back from a copy; without it every client has to be enrolled anew", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(key));
        File.Move(key + ".copy", key);
        await (await StartAsync(root)).DisposeAsync();
    }

    [Theory]
    [InlineData("root.key", "garbage")]
    [InlineData("root.key", "empty")]
    [InlineData("root.key", "readable")]
    [InlineData("root.key", "link")]
    [InlineData("root.pub", "garbage")]
    [InlineData("root.pub", "empty")]
    [InlineData("audit.key", "garbage")]
    [InlineData("local-operator.key", "garbage")]
    public async Task A_key_file_that_is_no_good_is_named_with_its_cure_when_the_server_starts(string name, string harm)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Modes and links are Linux's here.");
        string root = await StoppedAsync();
        string file = Path.Combine(root, "keys", name);
        switch (harm)
        {
            case "readable" when !OperatingSystem.IsWindows():
                File.SetUnixFileMode(file, File.GetUnixFileMode(file) | UnixFileMode.OtherRead);
                break;
            case "link":
                File.Move(file, file + ".elsewhere");
                File.CreateSymbolicLink(file, file + ".elsewhere");
                break;
            default:
                await File.WriteAllTextAsync(file, harm == "empty" ? "" : harm);
                break;
        }

        PantryException error = await RefusedAsync(root);

        Assert.Equal(harm is "readable" or "link" ? PantryErrorCode.InsecureFile : PantryErrorCode.InvalidKey, error.Code);
        Assert.Contains(file, error.Message, StringComparison.Ordinal);
        Assert.Contains(harm switch { "readable" => "chmod 600", "link" => "give the file itself", _ => "Bring the file back from a copy" }, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_root_key_that_cannot_be_written_is_an_error_of_the_disk_and_the_old_one_stays()
    {
        string root = Path.Combine(_directory, "server");
        await using ServerHost server = await StartAsync(root);
        string fingerprint = server.Authority.RootKey.Fingerprint;
        // Nothing is written where a directory has the name.
        Directory.CreateDirectory(Path.Combine(root, "keys", "root.key.new"));

        var error = await Assert.ThrowsAsync<PantryException>(() => new RootKeyDesk(server.Authority, server.Enrollments, server.Audit).RenewAsync());

        Assert.Equal(PantryErrorCode.StorageFailed, error.Code);
        Assert.Equal(fingerprint, server.Authority.RootKey.Fingerprint);
    }

    [Theory]
    [InlineData("/dev/zero")]
    [InlineData("/dev")]
    public async Task A_configuration_file_is_a_plain_file(string path)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "These are Linux's devices.");

        var error = await Assert.ThrowsAsync<PantryException>(() => Task.Run(() => SettingsFile.LoadHost(ConfigurationKind.Server, path, new Dictionary<string, string>())).WaitAsync(Fleet.Deadline));

        Assert.Equal(PantryErrorCode.InvalidConfiguration, error.Code);
        Assert.Contains("give a plain file", error.Message, StringComparison.Ordinal);
    }

    private async Task<string> StoppedAsync()
    {
        string root = Path.Combine(_directory, "server");
        await (await StartAsync(root)).DisposeAsync();
        return root;
    }

    private static Task<ServerHost> StartAsync(string root) =>
        ServerHost.StartAsync(new ServerConfiguration { PublishPort = 0, ReceivePort = 0, FilePort = 0, Path = root });

    private static async Task<PantryException> RefusedAsync(string root) => await Assert.ThrowsAsync<PantryException>(async () => await (await StartAsync(root)).DisposeAsync());
}
