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

    [Fact]
    public void What_has_neither_attributes_nor_an_access_list_is_written_as_it_ever_was() =>
        Assert.Equal("3db8d3a7f06164eb832ceb783266fb6686427ad1d70eb587c677f5e3b5b84d90", Some().Digest.ToString());

    [Fact]
    public void Attributes_and_access_lists_are_written_last_and_read_as_they_were()
    {
        const string list = "D:P(D;;0x2;;;S-1-1-0)(A;OICINPIO;0x1f01ff;;;S-1-5-21-1-2-4294967295-500)(A;CI;0xf0000000;;;S-1-15-2-1)";
        FileTree tree = FileTree.Create(
        [
            new TreeEntry("d", IsDirectory: true, 0x1ed) { Attributes = 6, Acl = list },
            new TreeEntry("f", IsDirectory: false, 0x1a4) { Hash = ContentHash.OfNothing, Attributes = 2, Acl = "D:" },
        ], FileTestFolder.Limits);

        string hash = ContentHash.OfNothing.ToString();
        Assert.Equal(
            "{\"version\":1,\"entries\":[{\"path\":\"d\",\"mode\":493,\"attributes\":6,\"acl\":\"" + list + "\"},{\"path\":\"f\",\"mode\":420,\"size\":0,\"hash\":\"" + hash + "\",\"attributes\":2,\"acl\":\"D:\"}]}",
            Encoding.UTF8.GetString(tree.Bytes));
        FileTree read = FileTree.Parse(tree.Bytes, FileTestFolder.Limits);
        Assert.Equal([(6, list), (2, "D:")], read.Entries.Select(entry => (entry.Attributes, entry.Acl!)));
        Assert.True(read.HasAcls);
        Assert.False(Some().HasAcls);
    }

    [Theory]
    [InlineData("attributes", "0")]
    [InlineData("attributes", "1")]
    [InlineData("attributes", "-2147483648")]
    [InlineData("attributes", "34")]
    [InlineData("attributes", "\"H\"")]
    [InlineData("acl", "\"\"")]
    [InlineData("acl", "\"D\"")]
    [InlineData("acl", "\"O:SYG:SYD:\"")]
    [InlineData("acl", "\"D:S:\"")]
    [InlineData("acl", "\"D:AI\"")]
    [InlineData("acl", "\"D:PAI\"")]
    [InlineData("acl", "\"d:p\"")]
    [InlineData("acl", "\"D: \"")]
    [InlineData("acl", "\"D:\\n\"")]
    [InlineData("acl", "\"D:NO_ACCESS_CONTROL\"")]
    [InlineData("acl", "\"D:(A;;FA;;;SY)\"")]
    [InlineData("acl", "\"D:(A;;0x1f01ff;;;SY)\"")]
    [InlineData("acl", "\"D:(A;;FA;;;S-1-5-18)\"")]
    [InlineData("acl", "\"D:(A;;0x1F01FF;;;S-1-5-18)\"")]
    [InlineData("acl", "\"D:(A;;0x01f01ff;;;S-1-5-18)\"")]
    [InlineData("acl", "\"D:(A;;0x0;;;S-1-5-18)\"")]
    [InlineData("acl", "\"D:(A;;0x2000000;;;S-1-5-18)\"")]
    [InlineData("acl", "\"D:(A;;0x100000000;;;S-1-5-18)\"")]
    [InlineData("acl", "\"D:(A;OI;0x1f01ff;;;S-1-5-18)\"")]
    [InlineData("acl", "\"D:(A;ID;0x1f01ff;;;S-1-5-18)\"")]
    [InlineData("acl", "\"D:(A;;0x1f01ff;;;S-1-5)\"")]
    [InlineData("acl", "\"D:(A;;0x1f01ff;;;S-1-5-018)\"")]
    [InlineData("acl", "\"D:(A;;0x1f01ff;;;S-1-5-4294967296)\"")]
    [InlineData("acl", "\"D:(A;;0x1f01ff;;;S-1-281474976710656-1)\"")]
    [InlineData("acl", "\"D:(A;;0x1f01ff;;;S-2-5-18)\"")]
    [InlineData("acl", "\"D:(A;;0x1f01ff;;;S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16)\"")]
    [InlineData("acl", "\"D:(OA;;0x1f01ff;bf967aba-0de6-11d0-a285-00aa003049e2;;S-1-5-18)\"")]
    [InlineData("acl", "\"D:(XA;;0x1f01ff;;;S-1-5-18;(@User.a==1))\"")]
    [InlineData("acl", "\"D:(AU;;0x1f01ff;;;S-1-5-18)\"")]
    [InlineData("acl", "\"D:(A;;0x1f01ff;;;S-1-5-18\"")]
    [InlineData("acl", "\"D:(A;;0x1f01ff;;;S-1-5-18))\"")]
    [InlineData("acl", "\"D:(A;;0x1f01ff;;;S-1-5-\u0661\u0668)\"")]
    [InlineData("acl", "[\"D:\"]")]
    public void What_is_said_of_attributes_and_access_lists_must_be_what_windows_could_have(string property, string value)
    {
        JsonObject file = File("a");
        file[property] = JsonNode.Parse(value);

        PantryException error = Assert.Throws<PantryException>(() => FileTree.Parse(Raw(file), FileTestFolder.Limits));

        Assert.Equal(PantryErrorCode.InvalidTree, error.Code);
        Assert.DoesNotContain(error.Message, char.IsControl);
        // What the JSON itself cannot be names no entry; all else does.
        Assert.True(error.Target == "a" || !value.StartsWith("\"D", StringComparison.Ordinal), error.Message);
    }

    [Fact]
    public void Only_a_directory_hands_rights_down_and_then_to_something()
    {
        foreach (string wrong in (string[])["NP", "IO", "NPIO", "CIOI", "OIOI", "ID", "OI CI"])
            Assert.NotNull(AclText.Fault($"D:(A;{wrong};0x1f01ff;;;S-1-5-18)", isDirectory: true));
        foreach (string right in (string[])["", "OI", "CI", "OICI", "OINP", "CIIO", "OICINPIO"])
            Assert.Null(AclText.Fault($"D:(A;{right};0x1f01ff;;;S-1-5-18)", isDirectory: true));
        Assert.NotNull(AclText.Fault("D:(A;OICI;0x1f01ff;;;S-1-5-18)", isDirectory: false));
        Assert.Null(AclText.Fault("D:P", isDirectory: false));
    }

    [Fact]
    public void An_access_list_is_bounded_and_read_in_no_time()
    {
        string entry = "(A;;0x1f01ff;;;S-1-5-21-1004336348-1177238915-682003330-512)";
        string most = "D:" + string.Concat(Enumerable.Repeat(entry, (AclText.MaxLength - 2) / entry.Length));
        Assert.Null(AclText.Fault(most, isDirectory: false));
        Assert.Contains("more than 16,384 characters", AclText.Fault(most + entry, isDirectory: false), StringComparison.Ordinal);
        // One that fails only at its end.
        Assert.NotNull(AclText.Fault(most[..^1], isDirectory: false));
        Assert.NotNull(AclText.Fault("D:(A;;0x1f01ff;;;S-1-" + new string('1', 16_000), isDirectory: false));
    }

    [Fact]
    public void An_access_list_that_is_written_can_be_read()
    {
        AclEntry[] entries =
        [
            new(Allows: false, 0x10000, "S-1-1-0"),
            new(Allows: true, 0x1200a9, "S-1-5-32-545") { ObjectInherit = true, ContainerInherit = true, NoPropagate = true, InheritOnly = true },
        ];

        string text = AclText.Write(isProtected: true, entries);

        Assert.Equal("D:P(D;;0x10000;;;S-1-1-0)(A;OICINPIO;0x1200a9;;;S-1-5-32-545)", text);
        Assert.Null(AclText.Fault(text, isDirectory: true));
    }

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

    [Fact]
    public void A_damaged_access_list_is_taken_or_refused_and_nothing_else() =>
        Fuzz.Damaged(Encoding.ASCII.GetBytes("D:P(D;;0x10000;;;S-1-1-0)(A;OICINPIO;0x1200a9;;;S-1-5-32-545)")).Sample(
            damaged => Fuzz.Measured(() => _ = AclText.Fault(Encoding.Latin1.GetString(damaged), isDirectory: true)), iter: Fuzz.Iterations);

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
