using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Pantry.Files;
using Pantry.Tests.Security;

namespace Pantry.Tests.Files;

public sealed class FileTreeTests
{
    private static readonly byte[] Content = Encoding.ASCII.GetBytes("content");

    [Fact]
    public void A_tree_is_the_same_after_it_was_written_and_read()
    {
        FileTree tree = Some();
        FileTree read = FileTree.Parse(tree.Bytes, FileTestFolder.Limits);

        Assert.Equal(tree.Digest, read.Digest);
        Assert.Equal(tree.Bytes, read.Bytes);
        Assert.Equal(tree.Size, read.Size);
        Assert.Equal(tree.Entries.Select(entry => (entry.Path, entry.IsDirectory, entry.Mode, entry.Size, entry.ModifiedAt, entry.Hash)),
            read.Entries.Select(entry => (entry.Path, entry.IsDirectory, entry.Mode, entry.Size, entry.ModifiedAt, entry.Hash)));
        Assert.Equal(tree.Chunks(), read.Chunks());
    }

    [Fact]
    public void The_digest_is_that_of_the_content_whatever_the_order_it_was_given_in() =>
        Assert.Equal(Some().Digest, FileTree.Create(Some().Entries.Reverse(), FileTestFolder.Limits).Digest);

    [Theory]
    [InlineData("../a")]
    [InlineData("a/../../b")]
    [InlineData("/etc/passwd")]
    [InlineData("C:\\a")]
    [InlineData("\\\\server\\share")]
    [InlineData("a\\b")]
    [InlineData("a:stream")]
    [InlineData("nul")]
    [InlineData("com1.txt")]
    [InlineData("a\u0001b")]
    [InlineData("a\u001b[2J")]
    [InlineData("a ")]
    [InlineData(".pantry-part")]
    [InlineData(".pantry-part/x")]
    [InlineData("missing/parent")]
    public void A_dangerous_name_is_refused_and_the_entry_is_named(string path)
    {
        PantryException error = Assert.Throws<PantryException>(() => FileTree.Parse(Raw(File(path)), FileTestFolder.Limits));

        Assert.True(error.Code is PantryErrorCode.InvalidName or PantryErrorCode.InvalidTree);
        Assert.Equal(path, error.Target);
        Assert.DoesNotContain(error.Message, char.IsControl);
    }

    [Theory]
    [InlineData("readme", "README")]
    [InlineData("é", "e\u0301")]
    [InlineData("a", "a")]
    public void Names_that_are_one_to_some_platform_are_refused(string one, string other)
    {
        byte[] manifest = Raw([.. new[] { one, other }.Order(StringComparer.Ordinal).Select(File)]);
        Assert.Equal(PantryErrorCode.InvalidTree, Assert.Throws<PantryException>(() => FileTree.Parse(manifest, FileTestFolder.Limits)).Code);
    }

    [Fact]
    public void A_file_that_is_also_a_directory_is_refused() =>
        Assert.Contains("a/b", Assert.Throws<PantryException>(() => FileTree.Parse(Raw(File("a"), File("a/b")), FileTestFolder.Limits)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("size", "-1")]
    [InlineData("size", "9223372036854775807")]
    [InlineData("size", "null")]
    [InlineData("hash", "null")]
    [InlineData("hash", "\"00\"")]
    [InlineData("mode", "2541")]
    [InlineData("mode", "-1")]
    [InlineData("chunks", "\"AAAA\"")]
    [InlineData("chunks", "\"\"")]
    [InlineData("modified", "9223372036854775807")]
    [InlineData("link", "\"/etc/passwd\"")]
    [InlineData("path", "null")]
    public void What_is_said_of_a_file_must_fit(string property, string value)
    {
        JsonObject file = File("a");
        file[property] = JsonNode.Parse(value);

        Assert.Equal(PantryErrorCode.InvalidTree, Assert.Throws<PantryException>(() => FileTree.Parse(Raw(file), FileTestFolder.Limits)).Code);
    }

    [Fact]
    public void A_list_of_chunks_that_says_more_than_the_size_or_gives_one_chunk_two_lengths_is_refused()
    {
        ContentHash hash = ContentHash.Of(Content);
        JsonObject bomb = File("a");
        bomb["size"] = 10;
        bomb["chunks"] = Convert.ToBase64String(TreeDocument.Write([new Chunk(hash, 7), new Chunk(hash, 7)]));
        Assert.Contains("14", Assert.Throws<PantryException>(() => FileTree.Parse(Raw(bomb), FileTestFolder.Limits)).Message, StringComparison.Ordinal);

        JsonObject liar = File("a");
        liar["size"] = 10;
        liar["chunks"] = Convert.ToBase64String(TreeDocument.Write([new Chunk(hash, 7), new Chunk(hash, 3)]));
        Assert.Contains("another length", Assert.Throws<PantryException>(() => FileTree.Parse(Raw(liar), FileTestFolder.Limits)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_small_list_that_would_become_much_on_the_disk_is_refused()
    {
        // One chunk, named again and again.
        Chunk[] chunks = [.. Enumerable.Repeat(new Chunk(ContentHash.Of(Content), Chunker.MaxBytes), 1000)];
        JsonObject bomb = File("bomb");
        bomb["size"] = 1000L * Chunker.MaxBytes;
        bomb["chunks"] = Convert.ToBase64String(TreeDocument.Write(chunks));

        PantryException error = Assert.Throws<PantryException>(() => FileTree.Parse(Raw(bomb), FileTestFolder.Limits with { MaxTreeBytes = 999L * Chunker.MaxBytes }));

        Assert.Contains("bomb", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void More_entries_deeper_ones_or_longer_lists_than_allowed_are_refused_and_a_hundred_thousand_are_not()
    {
        IEnumerable<TreeEntry> Folders(int count) => Enumerable.Range(0, count).Select(i => new TreeEntry($"d{i:000000}", IsDirectory: true, 0x1ed));

        FileTree many = FileTree.Create(Folders(100_000), FileTestFolder.Limits);
        Assert.Equal(100_000, FileTree.Parse(many.Bytes, FileTestFolder.Limits).Entries.Count);

        Assert.Equal(PantryErrorCode.LimitReached, Assert.Throws<PantryException>(() => FileTree.Create(Folders(101), FileTestFolder.Limits with { MaxEntries = 100 })).Code);
        Assert.Equal(PantryErrorCode.LimitReached, Assert.Throws<PantryException>(() => FileTree.Parse(many.Bytes, FileTestFolder.Limits with { MaxManifestBytes = 1000 })).Code);
        IEnumerable<TreeEntry> deep = Enumerable.Range(1, 5).Select(i => new TreeEntry(string.Join('/', Enumerable.Repeat("d", i)), IsDirectory: true, 0x1ed));
        Assert.Contains("d/d/d/d", Assert.Throws<PantryException>(() => FileTree.Create(deep, FileTestFolder.Limits with { MaxDepth = 3 })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_tree_in_other_words_is_refused()
    {
        byte[] good = Some().Bytes;
        foreach (string other in (string[])[" " + Encoding.UTF8.GetString(good), Encoding.UTF8.GetString(good).Replace("{\"version\":1", "{\"version\":1,\"version\":1", StringComparison.Ordinal)])
            Assert.Equal(PantryErrorCode.InvalidTree, Assert.Throws<PantryException>(() => FileTree.Parse(Encoding.UTF8.GetBytes(other), FileTestFolder.Limits)).Code);
        Assert.Contains("version", Assert.Throws<PantryException>(() => FileTree.Parse("{\"version\":2,\"entries\":[]}"u8, FileTestFolder.Limits)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_manifest_is_taken_or_refused_and_nothing_else() => Fuzz.Damaged(Some().Bytes).Sample(damaged => Fuzz.Measured(() =>
    {
        try
        {
            FileTree tree = FileTree.Parse(damaged, FileTestFolder.Limits);
            Assert.Equal(ContentHash.Of(damaged), tree.Digest);
        }
        catch (PantryException refused)
        {
            Assert.DoesNotContain(refused.Message, character => char.IsControl(character) && character != '\t');
        }
    }), iter: Fuzz.Iterations);

    private static FileTree Some()
    {
        Chunk[] chunks = [new Chunk(ContentHash.Of("a"u8), 70_000), new Chunk(ContentHash.Of("b"u8), 5), new Chunk(ContentHash.Of("a"u8), 70_000)];
        return FileTree.Create(
        [
            new TreeEntry("web", IsDirectory: true, 0x1ed),
            new TreeEntry("web/empty", IsDirectory: false, 0x1a4) { Hash = ContentHash.OfNothing },
            new TreeEntry("web/größe.txt", IsDirectory: false, 0x180) { Size = 7, Hash = ContentHash.Of(Content), Chunks = [new Chunk(ContentHash.Of(Content), 7)], ModifiedAt = DateTimeOffset.UnixEpoch.AddDays(20_000) },
            new TreeEntry("web-big", IsDirectory: false, 0x1c0) { Size = 140_005, Hash = ContentHash.Of("big"u8), Chunks = chunks },
        ], FileTestFolder.Limits);
    }

    private static JsonObject File(string path) => new() { ["path"] = path, ["mode"] = 420, ["size"] = 7, ["hash"] = ContentHash.Of(Content).ToString() };

    private static JsonObject Folder(string path) => new() { ["path"] = path, ["mode"] = 493 };

    private static byte[] Raw(params JsonObject[] entries) => Encoding.UTF8.GetBytes(new JsonObject { ["version"] = 1, ["entries"] = new JsonArray([.. entries]) }.ToJsonString());
}
