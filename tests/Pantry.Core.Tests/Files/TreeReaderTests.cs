using System.Diagnostics;
using Pantry.Files;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Files;

public sealed class TreeReaderTests : IDisposable
{
    private readonly FileTestFolder _folder = new();

    public static bool OnWindows => OperatingSystem.IsWindows();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_directory_is_read_with_empty_files_empty_directories_and_names_of_any_script()
    {
        _folder.Write("a/größe 日本.txt", [1, 2, 3], 0x1a0);
        _folder.Write("empty", []);
        Directory.CreateDirectory(Path.Combine(_folder.Source, "nothing/in/here"));

        using LocalTree tree = _folder.Read();

        Assert.Equal(["a", "a/größe 日本.txt", "empty", "nothing", "nothing/in", "nothing/in/here"], tree.Tree.Entries.Select(entry => entry.Path));
        TreeEntry file = tree.Tree.Entries[1];
        Assert.Equal((3L, ContentHash.Of([1, 2, 3]), 1), (file.Size, file.Hash, file.Chunks.Count));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(0x1a0, file.Mode);
    }

    [Theory(SkipWhen = nameof(OnWindows), Skip = "Windows has no such names.")]
    [InlineData("a.")]
    [InlineData("a\"b")]
    [InlineData("a\nb")]
    public void A_name_that_is_refused_can_be_left_out_and_the_error_says_so(string name)
    {
        _folder.Write("good", [1]);
        _folder.Write($"in/{name}", [2]);

        var refused = Assert.Throws<PantryException>(() => _folder.Read());
        Assert.Equal(PantryErrorCode.InvalidName, refused.Code);
        Assert.EndsWith(" Rename it, or leave it out with -Exclude.", refused.Message, StringComparison.Ordinal);

        using LocalTree tree = _folder.Read("a*");
        Assert.Equal(["good", "in"], tree.Tree.Entries.Select(entry => entry.Path));
    }

    [Fact]
    public void Without_times_the_same_content_is_the_same_tree_and_with_them_it_is_not()
    {
        string file = _folder.Write("a", [1]);
        ContentHash Digest(bool times)
        {
            using LocalTree tree = new TreeReader(FileTestFolder.Limits) { KeepsTimes = times }.ReadDirectory(_folder.Source);
            return tree.Tree.Digest;
        }

        (ContentHash timeless, ContentHash timed) = (Digest(false), Digest(true));
        File.SetLastWriteTimeUtc(file, DateTime.UnixEpoch);

        Assert.Equal(timeless, Digest(false));
        Assert.NotEqual(timed, Digest(true));
    }

    [Fact]
    public void Access_lists_are_not_to_be_had_where_this_is_no_Windows_machine()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has them.");
        _folder.Write("a", [1]);

        var refused = Assert.Throws<PantryException>(() => new TreeReader(FileTestFolder.Limits) { KeepsAcls = true }.ReadDirectory(_folder.Source));

        Assert.Equal(PantryErrorCode.NotOffered, refused.Code);
        Assert.Contains("Leave -KeepAcl out", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_large_file_has_the_hash_of_the_whole_and_its_chunks_can_be_read()
    {
        byte[] content = FileTestFolder.Random(9_000_001, 7);
        _folder.Write("large", content);

        using LocalTree tree = _folder.Read();

        TreeEntry file = Assert.Single(tree.Tree.Entries);
        Assert.Equal(ContentHash.Of(content), file.Hash);
        var read = new List<byte>();
        foreach (Chunk chunk in file.Chunks)
        {
            byte[] bytes = new byte[chunk.Length];
            await tree.ReadAsync(chunk, bytes, default);
            read.AddRange(bytes);
        }

        Assert.Equal(content, read);
    }

    [Fact]
    public void What_is_excluded_is_left_out_by_its_name_or_by_its_path()
    {
        foreach (string path in (string[])["a.log", "b/c.LOG", "b/keep", "node_modules/x/y", "b/node_modules/z", "cache/1", "b/cache/2"])
            _folder.Write(path, [1]);

        using LocalTree tree = _folder.Read("*.log", "node_modules", "b/cache");

        Assert.Equal(["b/keep", "cache/1"], tree.Tree.Files.Select(file => file.Path));
    }

    [Theory]
    [InlineData("link")]
    [InlineData("folder")]
    [InlineData("dangling")]
    [InlineData("pipe")]
    public void A_link_a_pipe_or_a_device_is_refused_and_named_unless_it_is_left_out(string name)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need rights on Windows.");
        _folder.Write("sub/file", [1]);
        string path = Path.Combine(_folder.Source, "sub", name);
        if (name == "pipe")
            Process.Start("mkfifo", path)!.WaitForExit();
        else if (name == "folder")
            Directory.CreateSymbolicLink(path, Directory.CreateDirectory(_folder["elsewhere/inner"]).Parent!.FullName);
        else
            File.CreateSymbolicLink(path, name == "link" ? "/etc/passwd" : "/nowhere/at/all");

        PantryException error = Assert.Throws<PantryException>(() => _folder.Read());

        Assert.Equal(PantryErrorCode.InsecureFile, error.Code);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        using LocalTree tree = _folder.Read(name);
        Assert.Equal(["sub/file"], tree.Tree.Files.Select(file => file.Path));
    }

    [Fact]
    public void A_test_that_cleans_up_leaves_alone_what_its_links_lead_to()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Links need rights on Windows.");
            return;
        }

        string elsewhere = TestDirectory.Create(), inner = Path.Combine(elsewhere, "inner");
        Directory.CreateDirectory(inner);
        const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        File.SetUnixFileMode(inner, Mode);
        Directory.CreateDirectory(_folder.Source);
        Directory.CreateSymbolicLink(Path.Combine(_folder.Source, "link"), elsewhere);

        _folder.Dispose();

        Assert.Equal(Mode, File.GetUnixFileMode(inner));
        Directory.Delete(elsewhere, recursive: true);
        Directory.CreateDirectory(_folder.Root);
    }

    [Theory]
    [InlineData("nul.txt")]
    [InlineData("a:b")]
    [InlineData("trailing.")]
    public void A_name_that_another_platform_cannot_have_is_refused(string name)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such names.");
        _folder.Write("sub/" + name, [1]);

        Assert.Equal("sub/" + name, Assert.Throws<PantryException>(() => _folder.Read()).Target);
    }

    [Fact]
    public void Case_twins_are_refused()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has them.");
        _folder.Write("sub/readme", [1]);
        _folder.Write("sub/README", [2]);

        Assert.Contains("sub/readme", Assert.Throws<PantryException>(() => _folder.Read()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_things_of_one_name_are_refused_before_one_takes_the_place_of_the_other()
    {
        _folder.Write("a/same", [1]);
        _folder.Write("b/same", [2]);

        PantryException error = Assert.Throws<PantryException>(() => new TreeReader(FileTestFolder.Limits).Read(
            [new TreeItem(Path.Combine(_folder.Source, "a"), "same", "same"), new TreeItem(Path.Combine(_folder.Source, "b"), "same", "same")]));

        Assert.Contains("same", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_changed_after_it_was_read_is_not_sent_as_what_it_was()
    {
        string path = _folder.Write("a", [1, 2, 3]);
        using LocalTree tree = _folder.Read();
        Chunk chunk = tree.Tree.Entries[0].Chunks[0];
        File.WriteAllBytes(path, [1, 2, 4]);

        PantryException error = await Assert.ThrowsAsync<PantryException>(async () => await tree.ReadAsync(chunk, new byte[3], default));

        Assert.Equal(PantryErrorCode.FileChanged, error.Code);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_there_is_named()
    {
        Directory.CreateDirectory(_folder.Source);
        PantryException error = Assert.Throws<PantryException>(() => new TreeReader(FileTestFolder.Limits).Read([new TreeItem(_folder.Source, "none", "none")]));
        Assert.Equal(PantryErrorCode.NoMatchingFile, error.Code);
        Assert.Contains("none", error.Message, StringComparison.Ordinal);
        Assert.Equal(PantryErrorCode.NoMatchingFile, Assert.Throws<PantryException>(() => new TreeReader(FileTestFolder.Limits).ReadDirectory(_folder["nowhere"])).Code);
    }

    [Fact]
    public void A_hundred_thousand_files_are_read_and_more_than_are_allowed_are_refused()
    {
        Directory.CreateDirectory(_folder.Source);
        for (int i = 0; i < 100_000; i++)
            File.Create(Path.Combine(_folder.Source, $"f{i:000000}")).Dispose();

        using (LocalTree tree = _folder.Read())
            Assert.Equal(100_000, tree.Tree.Entries.Count);
        Assert.Equal(PantryErrorCode.LimitReached, Assert.Throws<PantryException>(() => new TreeReader(FileTestFolder.Limits with { MaxEntries = 99_999 }).ReadDirectory(_folder.Source)).Code);
    }
}
