using Pantry.Files;
using Pantry.Tests.EndToEnd;
using Pantry.Tests.Storage;

namespace Pantry.Tests.Files;

public sealed class ChunkStoreTests : IDisposable
{
    private readonly string _root = TestDirectory.Create();

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void What_was_put_in_comes_out_again_also_after_a_restart()
    {
        byte[] content = FileTestFolder.Random(100_000, 1);
        ContentHash hash = ChunkStore.Open(_root).Put(content);

        ChunkStore store = ChunkStore.Open(_root);
        Assert.Equal(content, store.Read(hash, 100_000));
        Assert.Equal([hash], store.All());
        Assert.Equal(content.Length, store.LengthOf(hash));
        Assert.Equal(PantryErrorCode.LimitReached, Assert.Throws<PantryException>(() => store.Read(hash, 99_999)).Code);
        Assert.Equal(PantryErrorCode.NoMatchingFile, Assert.Throws<PantryException>(() => store.Read(ContentHash.OfNothing, 10)).Code);
    }

    [Fact]
    public void A_flipped_byte_is_noticed_and_named_and_the_content_can_come_anew()
    {
        ChunkStore store = ChunkStore.Open(_root);
        byte[] content = FileTestFolder.Random(50_000, 2), other = FileTestFolder.Random(50_000, 3);
        ContentHash hash = store.Put(content), good = store.Put(other);
        string path = Directory.EnumerateFiles(Path.Combine(_root, "blobs"), hash.ToString()[2..], SearchOption.AllDirectories).Single();
        byte[] damaged = [.. content];
        damaged[777] ^= 1;
        File.WriteAllBytes(path, damaged);

        PantryException error = Assert.Throws<PantryException>(() => store.Read(hash, 50_000));

        Assert.Equal(PantryErrorCode.ContentDamaged, error.Code);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Equal([new Chunk(hash, 50_000)], store.Claim([new Chunk(hash, 50_000), new Chunk(good, 50_000)]));
        store.Put(content);
        Assert.Equal(content, store.Read(hash, 50_000));
    }

    [Fact]
    public void Verification_names_all_that_is_damaged()
    {
        ChunkStore store = ChunkStore.Open(_root);
        ContentHash[] hashes = [.. Enumerable.Range(0, 5).Select(i => store.Put(FileTestFolder.Random(1000 + i, i)))];
        File.AppendAllText(Path.Combine(_root, "blobs", hashes[1].ToString()[..2], hashes[1].ToString()[2..]), "x");
        File.WriteAllBytes(Path.Combine(_root, "blobs", hashes[3].ToString()[..2], hashes[3].ToString()[2..]), []);

        (long count, _, IReadOnlyList<ContentHash> damaged) = store.Verify();

        Assert.Equal(5, count);
        Assert.Equal(new[] { hashes[1], hashes[3] }.Order(), damaged.Order());
        Assert.Empty(store.Verify().Damaged);
    }

    [Fact]
    public void Only_what_nothing_uses_and_nobody_wanted_lately_is_collected()
    {
        var clock = new SetClock(DateTimeOffset.UtcNow);
        ChunkStore store = ChunkStore.Open(_root, clock);
        ContentHash used = store.Put("used"u8), unused = store.Put("unused"u8), claimed = store.Put("claimed"u8);
        foreach (ContentHash hash in (ContentHash[])[used, unused, claimed])
            File.SetLastWriteTimeUtc(Path.Combine(_root, "blobs", hash.ToString()[..2], hash.ToString()[2..]), (clock.GetUtcNow() - TimeSpan.FromDays(3)).UtcDateTime);
        Assert.Empty(store.Claim([new Chunk(claimed, 7)]));
        ContentHash young = store.Put("young"u8);
        File.SetLastWriteTimeUtc(Path.Combine(_root, "blobs", young.ToString()[..2], young.ToString()[2..]), clock.GetUtcNow().UtcDateTime);

        (long count, long bytes) = store.Collect(hash => hash == used, TimeSpan.FromDays(1));

        Assert.Equal((1, 6), (count, bytes));
        Assert.Equal(new[] { used, claimed, young }.Order(), store.All().Order());
    }

    [Fact]
    public void What_a_killed_process_had_brought_is_kept_where_it_is_whole()
    {
        ChunkStore store = ChunkStore.Open(_root);
        byte[] content = FileTestFolder.Random(10_000, 4);
        ContentHash hash = ContentHash.Of(content), half = ContentHash.Of([1, 2, 3]);
        store.Begin().Add(hash, content);
        File.WriteAllBytes(Path.Combine(_root, "incoming", $"{half}.x"), [1, 2]);
        File.WriteAllBytes(Path.Combine(_root, "incoming", "strange"), [1, 2]);
        Assert.Null(store.LengthOf(hash));

        ChunkStore next = ChunkStore.Open(_root);

        Assert.Equal(content, next.Read(hash, 10_000));
        Assert.Null(next.LengthOf(half));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_root, "incoming")));
    }

    [Fact]
    public void A_batch_of_many_comes_into_its_place_together()
    {
        ChunkStore store = ChunkStore.Open(_root);
        using ChunkBatch batch = store.Begin();
        Chunk[] chunks = [.. Enumerable.Range(0, 40).Select(i => (byte[])[(byte)i]).Select(bytes =>
        {
            batch.Add(ContentHash.Of(bytes), bytes);
            return new Chunk(ContentHash.Of(bytes), 1);
        })];
        Assert.Equal(40, store.Claim(chunks).Count);

        batch.Complete();

        Assert.Empty(store.Claim(chunks));
    }

    [Fact]
    public void On_a_full_disk_nothing_is_lost_and_the_error_says_so()
    {
        string path = Path.Combine(_root, "small");
        using SmallDisk disk = SmallDisk.MountAt(path, "2m");
        ChunkStore store = ChunkStore.Open(Path.Combine(path, "store"));
        ContentHash before = store.Put("before"u8);
        disk.Fill();

        PantryException error = Assert.Throws<PantryException>(() => store.Put(FileTestFolder.Random(500_000, 5)));

        Assert.Equal(PantryErrorCode.StorageFailed, error.Code);
        Assert.Contains("full", error.Message, StringComparison.Ordinal);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Equal("before"u8.ToArray(), store.Read(before, 100));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(path, "store", "incoming")));
        disk.Empty();
        store.Put(FileTestFolder.Random(500_000, 5));
        Assert.Empty(store.Verify().Damaged);
    }

    [Fact]
    public void A_store_that_others_can_write_to_is_refused()
    {
        ChunkStore.Open(_root);
        if (OperatingSystem.IsWindows())
            return;
        File.SetUnixFileMode(Path.Combine(_root, "blobs"), (UnixFileMode)0x1ff);

        Assert.Equal(PantryErrorCode.InsecureFile, Assert.Throws<PantryException>(() => ChunkStore.Open(_root)).Code);
    }
}
