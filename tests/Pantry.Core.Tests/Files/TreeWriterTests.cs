using Pantry.Files;
using Pantry.Tests.Storage;

namespace Pantry.Tests.Files;

public sealed class TreeWriterTests : IDisposable
{
    private readonly FileTestFolder _folder = new();

    private string Target => _folder["target"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_was_read_is_written_as_it_was_with_modes_and_times()
    {
        _folder.Write("bin/run.sh", [1, 2, 3], 0x1ed);
        _folder.Write("secret/größe 日本", [4], 0x180);
        _folder.Write("locked/read-only", FileTestFolder.Random(3_000_000, 1), 0x124);
        _folder.Write("empty", []);
        Directory.CreateDirectory(Path.Combine(_folder.Source, "nothing"));
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(Path.Combine(_folder.Source, "locked"), (UnixFileMode)0x16d);

        using LocalTree tree = _folder.Read();
        TreeChanges changes = await WriteAsync(tree);

        Assert.Equal((4, 0), (changes.Written, changes.Unchanged));
        Assert.Equal(FileTestFolder.Contents(_folder.Source), FileTestFolder.Contents(Target));
        Assert.Equal(tree.Tree.Digest, new TreeReader(FileTestFolder.Limits).ReadDirectory(Target).Tree.Digest);
    }

    [Fact]
    public async Task The_second_time_nothing_is_fetched_and_nothing_is_written()
    {
        _folder.Write("a/b", FileTestFolder.Random(2_000_000, 2));
        using LocalTree tree = _folder.Read();
        await WriteAsync(tree);
        DateTime before = File.GetLastWriteTimeUtc(Path.Combine(Target, "a"));

        var source = new CountingSource(tree);
        TreeChanges changes = await WriteAsync(tree, source);

        Assert.Equal((0, 1, 0L), (changes.Written, changes.Unchanged, changes.FetchedBytes));
        Assert.Equal(0, source.Count);
        Assert.Equal(before, File.GetLastWriteTimeUtc(Path.Combine(Target, "a")));
    }

    [Fact]
    public async Task One_changed_byte_in_a_large_file_costs_a_chunk()
    {
        byte[] content = FileTestFolder.Random(20_000_000, 3);
        _folder.Write("large", content);
        using (LocalTree tree = _folder.Read())
            await WriteAsync(tree);
        content[9_999_999] ^= 1;
        _folder.Write("large", [.. content, 7]);

        using LocalTree changed = _folder.Read();
        var source = new CountingSource(changed);
        TreeChanges changes = await WriteAsync(changed, source);

        Assert.InRange(source.Bytes, 1, 3 * Chunker.MaxBytes);
        Assert.Equal(20_000_001, changes.FetchedBytes + changes.ReusedBytes);
        Assert.Equal(FileTestFolder.Contents(_folder.Source), FileTestFolder.Contents(Target));
    }

    [Fact]
    public async Task Identical_chunks_are_fetched_once_however_many_files_have_them()
    {
        byte[] content = FileTestFolder.Random(3_000_000, 4);
        foreach (string name in (string[])["a", "b", "c/d", "c/e"])
            _folder.Write(name, content);
        _folder.Write("f", [.. content, .. content]);

        using LocalTree tree = _folder.Read();
        var source = new CountingSource(tree);
        await WriteAsync(tree, source);

        Assert.InRange(source.Bytes, 3_000_000, 4_200_000);
        Assert.Equal(FileTestFolder.Contents(_folder.Source), FileTestFolder.Contents(Target));
    }

    [Fact]
    public async Task A_renamed_or_copied_file_costs_nothing_where_the_tree_it_came_with_is_still_there()
    {
        _folder.Write("old/name", FileTestFolder.Random(2_000_000, 5));
        using LocalTree first = _folder.Read();
        await WriteAsync(first);
        Directory.Move(Path.Combine(_folder.Source, "old"), Path.Combine(_folder.Source, "new"));

        using LocalTree second = _folder.Read();
        var source = new CountingSource(second);
        await new TreeWriter(FileTestFolder.Limits) { Held = [(Target, first.Tree)] }.WriteAsync(second.Tree, _folder["elsewhere"], source, default);

        Assert.Equal(0, source.Count);
        Assert.Equal(FileTestFolder.Contents(_folder.Source), FileTestFolder.Contents(_folder["elsewhere"]));
    }

    [Fact]
    public async Task Whoever_is_interrupted_leaves_the_directory_as_it_was_and_goes_on_from_there_the_next_time()
    {
        _folder.Write("small", [1]);
        _folder.Write("large", FileTestFolder.Random(6_000_000, 6));
        Directory.CreateDirectory(Target);
        File.WriteAllText(Path.Combine(Target, "small"), "before");

        using LocalTree tree = _folder.Read();
        int chunks = tree.Tree.Chunks().Count;
        var cut = new CountingSource(tree) { FailsAfter = chunks / 2 };
        await Assert.ThrowsAsync<PantryException>(() => WriteAsync(tree, cut));
        Assert.Equal("before", File.ReadAllText(Path.Combine(Target, "small")));
        Assert.False(File.Exists(Path.Combine(Target, "large")));

        var rest = new CountingSource(tree);
        await WriteAsync(tree, rest);

        Assert.Equal(tree.Tree.Size, cut.Bytes + rest.Bytes);
        Assert.Equal(FileTestFolder.Contents(_folder.Source), FileTestFolder.Contents(Target));
    }

    [Fact]
    public async Task What_is_not_in_the_tree_stays_or_goes_as_is_wanted_and_a_link_that_goes_is_not_followed()
    {
        _folder.Write("keep/a", [1]);
        using LocalTree tree = _folder.Read();
        string outside = _folder["outside"];
        Directory.CreateDirectory(outside);
        File.WriteAllText(Path.Combine(outside, "precious"), "");
        Directory.CreateDirectory(Path.Combine(Target, "keep", "extra"));
        File.WriteAllText(Path.Combine(Target, "keep", "extra", "x"), "");
        if (!OperatingSystem.IsWindows())
            Directory.CreateSymbolicLink(Path.Combine(Target, "link"), outside);

        await WriteAsync(tree);
        Assert.True(File.Exists(Path.Combine(Target, "keep", "extra", "x")));
        TreeChanges changes = await new TreeWriter(FileTestFolder.Limits) { RemovesExtra = true }.WriteAsync(tree.Tree, Target, tree, default);

        Assert.Equal(OperatingSystem.IsWindows() ? 1 : 2, changes.Removed);
        Assert.Equal(FileTestFolder.Contents(_folder.Source), FileTestFolder.Contents(Target));
        Assert.True(File.Exists(Path.Combine(outside, "precious")));
    }

    [Theory]
    [InlineData("sub", true)]
    [InlineData("sub/file", false)]
    [InlineData(".pantry-part", true)]
    public async Task A_link_in_the_way_is_refused_and_nothing_is_written_behind_it(string link, bool toFolder)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need rights on Windows.");
        _folder.Write("sub/file", [1, 2, 3]);
        using LocalTree tree = _folder.Read();
        string outside = _folder["outside"];
        Directory.CreateDirectory(outside);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(Target, link))!);
        if (toFolder)
            Directory.CreateSymbolicLink(Path.Combine(Target, link), outside);
        else
            File.CreateSymbolicLink(Path.Combine(Target, link), Path.Combine(outside, "file"));

        PantryException error = await Assert.ThrowsAsync<PantryException>(() => WriteAsync(tree));

        Assert.Equal(PantryErrorCode.InsecureFile, error.Code);
        Assert.Contains(link.Split('/')[0], error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(outside));
    }

    [Theory]
    [InlineData("sub")]
    [InlineData("sub/file")]
    public async Task A_file_where_a_directory_must_be_or_the_other_way_round_is_named(string path)
    {
        _folder.Write("sub/file", [1]);
        using LocalTree tree = _folder.Read();
        if (path == "sub")
        {
            Directory.CreateDirectory(Target);
            File.WriteAllText(Path.Combine(Target, path), "");
        }
        else
        {
            Directory.CreateDirectory(Path.Combine(Target, path));
        }

        PantryException error = await Assert.ThrowsAsync<PantryException>(() => WriteAsync(tree));

        Assert.Contains(Path.Combine(Target, path), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_source_that_lies_is_found_out_and_nothing_is_put_in_place()
    {
        _folder.Write("a", FileTestFolder.Random(1_000_000, 8));
        using LocalTree tree = _folder.Read();

        PantryException error = await Assert.ThrowsAsync<PantryException>(() => WriteAsync(tree, new Liar()));

        Assert.Equal(PantryErrorCode.ContentDamaged, error.Code);
        Assert.Equal("a", error.Target);
        Assert.False(File.Exists(Path.Combine(Target, "a")));
    }

    [Fact]
    public async Task Attributes_of_windows_mean_nothing_elsewhere_and_access_lists_are_refused_before_anything_is_written()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has both.");
        _folder.Write("a", [1, 2, 3]);
        using LocalTree tree = _folder.Read();
        FileTree hidden = FileTree.Create([tree.Tree.Entries[0] with { Attributes = 6 }], FileTestFolder.Limits);
        FileTree listed = FileTree.Create([tree.Tree.Entries[0] with { Acl = "D:P(A;;0x1f01ff;;;S-1-5-18)" }], FileTestFolder.Limits);

        PantryException refused = await Assert.ThrowsAsync<PantryException>(() => new TreeWriter(FileTestFolder.Limits).WriteAsync(listed, Target, tree, default));
        Assert.Equal(PantryErrorCode.NotOffered, refused.Code);
        Assert.Contains("Send them without -KeepAcl", refused.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Target));

        await new TreeWriter(FileTestFolder.Limits).WriteAsync(hidden, Target, tree, default);
        Assert.Equal(FileTestFolder.Contents(_folder.Source), FileTestFolder.Contents(Target));
    }

    [Fact]
    public async Task A_manifest_that_lies_about_a_size_is_found_out()
    {
        _folder.Write("a", [1, 2, 3]);
        using LocalTree tree = _folder.Read();
        TreeEntry file = tree.Tree.Entries[0];
        FileTree lie = FileTree.Create([file with { Size = 2, Chunks = [new Chunk(file.Hash, 2)] }], FileTestFolder.Limits);

        PantryException error = await Assert.ThrowsAsync<PantryException>(() => new TreeWriter(FileTestFolder.Limits).WriteAsync(lie, Target, tree, default));

        Assert.Contains("'a'", error.Message.Replace(_folder.Source + "/", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(Target, "a")));
    }

    [Fact]
    public async Task A_manifest_whose_chunks_are_not_the_file_is_found_out()
    {
        _folder.Write("a", FileTestFolder.Random(2_000_000, 9));
        using LocalTree tree = _folder.Read();
        FileTree lie = FileTree.Create([tree.Tree.Entries[0] with { Hash = ContentHash.OfNothing }], FileTestFolder.Limits);

        PantryException error = await Assert.ThrowsAsync<PantryException>(() => new TreeWriter(FileTestFolder.Limits).WriteAsync(lie, Target, tree, default));

        Assert.Equal(PantryErrorCode.ContentDamaged, error.Code);
        Assert.False(File.Exists(Path.Combine(Target, "a")));
    }

    [Fact]
    public async Task On_a_full_disk_the_directory_stays_as_it_was_and_when_there_is_room_the_rest_is_written()
    {
        _folder.Write("a", FileTestFolder.Random(3_000_000, 10));
        _folder.Write("b", FileTestFolder.Random(3_000_000, 11));
        using LocalTree tree = _folder.Read();
        using SmallDisk disk = SmallDisk.MountAt(_folder["small"], "4m");
        string target = Path.Combine(_folder["small"], "target");

        PantryException known = await Assert.ThrowsAsync<PantryException>(() => new TreeWriter(FileTestFolder.Limits).WriteAsync(tree.Tree, target, tree, default));
        Assert.Equal(PantryErrorCode.StorageFailed, known.Code);
        Assert.Contains("6,000,000", known.Message, StringComparison.Ordinal);

        disk.Resize("8m");
        var filling = new FillingSource(tree, disk);
        PantryException full = await Assert.ThrowsAsync<PantryException>(() => new TreeWriter(FileTestFolder.Limits).WriteAsync(tree.Tree, target, filling, default));
        Assert.Equal(PantryErrorCode.StorageFailed, full.Code);
        Assert.Contains("full", full.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(target, "a")));

        disk.Empty();
        await new TreeWriter(FileTestFolder.Limits).WriteAsync(tree.Tree, target, tree, default);
        Assert.Equal(FileTestFolder.Contents(_folder.Source), FileTestFolder.Contents(target));
    }

    [Fact]
    public async Task Two_at_a_time_do_not_write_into_one_directory()
    {
        _folder.Write("a", [1]);
        using LocalTree tree = _folder.Read();
        var waiting = new WaitingSource(tree);
        Task first = WriteAsync(tree, waiting);
        await waiting.Asked.Task.WaitAsync(TimeSpan.FromSeconds(10));

        PantryException error = await Assert.ThrowsAsync<PantryException>(() => WriteAsync(tree));

        Assert.Contains("Another transfer", error.Message, StringComparison.Ordinal);
        waiting.GoOn.SetResult();
        await first;
        Assert.Equal(FileTestFolder.Contents(_folder.Source), FileTestFolder.Contents(Target));
    }

    private Task<TreeChanges> WriteAsync(LocalTree tree, IChunkSource? source = null) => new TreeWriter(FileTestFolder.Limits).WriteAsync(tree.Tree, Target, source ?? tree, default);

    private sealed class Liar : IChunkSource
    {
        public ValueTask ReadAsync(Chunk chunk, Memory<byte> into, CancellationToken cancellation) => ValueTask.CompletedTask;
    }

    private sealed class FillingSource(IChunkSource source, SmallDisk disk) : IChunkSource
    {
        private int _asked;

        public ValueTask ReadAsync(Chunk chunk, Memory<byte> into, CancellationToken cancellation)
        {
            if (Interlocked.Increment(ref _asked) == 3)
                disk.Fill();
            return source.ReadAsync(chunk, into, cancellation);
        }
    }

    private sealed class WaitingSource(IChunkSource source) : IChunkSource
    {
        public TaskCompletionSource Asked { get; } = new();

        public TaskCompletionSource GoOn { get; } = new();

        public async ValueTask ReadAsync(Chunk chunk, Memory<byte> into, CancellationToken cancellation)
        {
            Asked.TrySetResult();
            await GoOn.Task.WaitAsync(cancellation);
            await source.ReadAsync(chunk, into, cancellation);
        }
    }
}
