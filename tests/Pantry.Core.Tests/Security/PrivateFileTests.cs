using System.Diagnostics;
using System.Net.Sockets;
using Pantry.Security;

namespace Pantry.Tests.Security;

public sealed class PrivateFileTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly string _folder = Directory.CreateTempSubdirectory("pantry-test-").FullName;

    [Fact]
    public void What_is_written_comes_back_is_its_owners_alone_and_leaves_nothing_beside_it()
    {
        PrivateFile.WriteNew(Key, "one"u8);
        Assert.Equal("one"u8, PrivateFile.Read(Key, 3));
        PrivateFile.Replace(Key, "another"u8);
        Assert.Equal("another"u8, PrivateFile.Read(Key, 7));
        PrivateFile.Replace(Key, []);
        Assert.Empty(PrivateFile.Read(Key, 0));

        Assert.Single(Directory.GetFileSystemEntries(_folder));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(OwnerOnly, File.GetUnixFileMode(Key));
    }

    [Fact]
    public void A_file_that_is_there_is_not_written_anew()
    {
        PrivateFile.WriteNew(Key, "one"u8);

        Assert.ThrowsAny<IOException>(() => PrivateFile.WriteNew(Key, "two"u8));

        Assert.Equal("one"u8, PrivateFile.Read(Key, 100));
        Assert.Single(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void Of_many_that_write_a_new_file_one_does()
    {
        int wrote = 0;
        Parallel.For(0, 32, i =>
        {
            try
            {
                PrivateFile.WriteNew(Key, [(byte)i]);
                Interlocked.Increment(ref wrote);
            }
            catch (IOException)
            {
                // Another was first.
            }
        });

        Assert.Equal(1, wrote);
        Assert.Single(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void A_file_that_cannot_be_written_leaves_nothing_behind()
    {
        Directory.CreateDirectory(Key);

        Assert.ThrowsAny<Exception>(() => PrivateFile.Replace(Key, "one"u8));

        Assert.Equal([Key], Directory.GetFileSystemEntries(_folder));
        Assert.ThrowsAny<IOException>(() => PrivateFile.Replace(Path.Combine(_folder, "none", "key"), "one"u8));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void A_file_that_others_can_read_or_write_is_refused_with_the_cure(UnixFileMode others)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "File modes are POSIX's.");
        PrivateFile.WriteNew(Key, "one"u8);
        SetMode(Key, OwnerOnly | others);

        Assert.Contains($"chmod 600 '{Key}'", Insecure(Key), StringComparison.Ordinal);

        SetMode(Key, UnixFileMode.UserRead);
        Assert.Equal("one"u8, PrivateFile.Read(Key, 3));
    }

    [Fact]
    public void A_link_is_refused_and_replaced_without_being_followed()
    {
        PrivateFile.WriteNew(Key + ".real", "one"u8);
        File.CreateSymbolicLink(Key, Key + ".real");

        Assert.Contains("is a link", Insecure(Key), StringComparison.Ordinal);
        Assert.ThrowsAny<IOException>(() => PrivateFile.WriteNew(Key, "two"u8));

        PrivateFile.Replace(Key, "two"u8);
        Assert.Equal("two"u8, PrivateFile.Read(Key, 3));
        Assert.Equal("one"u8, PrivateFile.Read(Key + ".real", 3));
    }

    [Fact]
    public void A_directory_is_refused()
    {
        Directory.CreateDirectory(Key);
        Assert.Contains("plain file", Insecure(Key), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pipe_is_refused_without_waiting_for_its_other_end()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Named pipes in the file system are POSIX's.");
        using (Process make = Process.Start("mkfifo", ["-m", "600", Key]))
            make.WaitForExit();

        string error = await Task.Run(() => Insecure(Key)).WaitAsync(TimeSpan.FromSeconds(10));

        Assert.Contains("plain file", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_socket_is_refused()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Sockets in the file system are POSIX's.");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(Key));

        Assert.Contains("plain file", Insecure(Key), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_another_user_is_refused_with_the_cure()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Only root can give a file away.");
        PrivateFile.WriteNew(Key, "one"u8);
        using (Process give = Process.Start("chown", ["65534", Key]))
            give.WaitForExit();

        Assert.Contains("chown 0", Insecure(Key), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_too_large_is_not_read()
    {
        PrivateFile.WriteNew(Key, "four"u8);
        Assert.Equal(PantryErrorCode.LimitReached, Assert.Throws<PantryException>(() => PrivateFile.Read(Key, 3)).Code);
    }

    [Fact]
    public void A_file_that_is_not_there_is_named() =>
        Assert.Contains(Key, Assert.Throws<FileNotFoundException>(() => PrivateFile.Read(Key, 3)).Message, StringComparison.Ordinal);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Key => Path.Combine(_folder, "key");

    private static string Insecure(string path)
    {
        PantryException error = Assert.Throws<PantryException>(() => PrivateFile.Read(path, 100));
        Assert.Equal(PantryErrorCode.InsecureFile, error.Code);
        Assert.Equal(path, error.Target);
        return error.Message;
    }

    private static void SetMode(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, mode);
    }
}
