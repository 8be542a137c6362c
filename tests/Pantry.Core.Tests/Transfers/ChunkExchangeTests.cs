using System.Security.Cryptography;
using CsCheck;
using Pantry.Configuration;
using Pantry.Files;
using Pantry.Protocol;
using Pantry.Sessions;
using Pantry.Tests.Files;
using Pantry.Tests.Security;
using Pantry.Transfers;
using Pantry.Transport;
using Pantry.Transport.Gates;

namespace Pantry.Tests.Transfers;

/// <summary>The receiver's and the sender's half of a transfer, without a network in between.</summary>
public sealed class ChunkExchangeTests : IDisposable
{
    private readonly FileTestFolder _folder = new();
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(BulkCipher.KeyLength);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_chunk_opens_for_who_asked_for_it_and_for_nobody_else()
    {
        byte[] content = FileTestFolder.Random(1000, 1);
        ContentHash hash = ContentHash.Of(content);
        using var sealer = new BulkCipher(_key);
        using var opener = new BulkCipher(_key);
        using var stranger = new BulkCipher(RandomNumberGenerator.GetBytes(BulkCipher.KeyLength));
        byte[] frame = Frame(sealer, content, transfer: 7, number: 3);
        byte[] into = new byte[1000];

        Assert.True(BulkFrame.Is([frame]));
        Assert.True(opener.Open(frame, hash, into));
        Assert.Equal(content, into);
        Assert.False(stranger.Open(frame, hash, into));
        Assert.False(opener.Open(frame, ContentHash.OfNothing, into));
        Assert.False(opener.Open(frame, hash, new byte[999]));
        for (int i = 0; i < frame.Length; i += 7)
        {
            byte[] damaged = [.. frame];
            damaged[i] ^= 1;
            // The name is not sealed: without it, it is no chunk at all.
            Assert.True(i < 6 ? !BulkFrame.Is([damaged]) || opener.Open(damaged, hash, into) : !opener.Open(damaged, hash, into));
        }

        Assert.True(opener.IsNext(frame));
        Assert.False(opener.IsNext(frame));
        Assert.True(opener.IsNext(Frame(sealer, content, 7, 4)));
    }

    [Fact]
    public async Task A_receiver_never_asks_for_more_than_its_window_and_gets_every_chunk_also_when_the_link_is_lost_again_and_again()
    {
        _folder.Write("large", FileTestFolder.Random(12_000_000, 2));
        using LocalTree tree = _folder.Read();
        IReadOnlyList<Chunk> chunks = tree.Tree.Chunks();
        using var fetching = new ChunkFetching(FileTestFolder.Limits);
        fetching.Expect(chunks);
        var random = new Random(5);
        int links = 0;
        void Connect()
        {
            links++;
            var link = new Loop(tree, fetching, RandomNumberGenerator.GetBytes(BulkCipher.KeyLength), new FileLimits { MaxChunkWindow = 2 * Chunker.MaxBytes });
            link.Attach(cutAfter: links < 10 ? random.Next(1, 9) : int.MaxValue, () =>
            {
                fetching.Detach();
                Connect();
            });
        }

        Connect();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        foreach (Chunk chunk in chunks)
        {
            byte[] into = new byte[chunk.Length];
            await fetching.ReadAsync(chunk, into, deadline.Token);
            Assert.Equal(chunk.Hash, ContentHash.Of(into));
        }

        Assert.InRange(links, 3, 10);
        Assert.Equal(12_000_000, fetching.ReceivedBytes);
    }

    [Fact]
    public async Task A_forged_chunk_is_told_and_asked_for_again()
    {
        byte[] content = FileTestFolder.Random(1000, 3);
        var chunk = new Chunk(ContentHash.Of(content), 1000);
        using var sealer = new BulkCipher(_key);
        using var opener = new BulkCipher(_key);
        int forged = 0;
        ulong asked = 0;
        ChunkFetching fetching = null!;
        using var made = fetching = new ChunkFetching(FileTestFolder.Limits)
        {
            Forged = () =>
            {
                forged++;
                fetching.Detach();
                fetching.Attach(Chunker.MaxBytes, (first, _, _) => asked = first);
                Assert.True(fetching.Take(new HandedFrame(Frame(sealer, content, 2, asked)), opener));
            },
        };
        fetching.Attach(Chunker.MaxBytes, (first, _, _) => asked = first);
        fetching.Expect([chunk]);
        byte[] false_ = Frame(sealer, content, 1, asked);
        false_[^1] ^= 1;
        Assert.True(fetching.Take(new HandedFrame(false_), opener));

        byte[] into = new byte[1000];
        await fetching.ReadAsync(chunk, into, default).AsTask().WaitAsync(TimeSpan.FromSeconds(10));

        Assert.Equal(1, forged);
        Assert.Equal(content, into);
    }

    [Fact]
    public async Task A_forged_chunk_is_asked_for_again_though_those_behind_it_fill_the_window()
    {
        byte[][] contents = [.. Enumerable.Range(0, 4).Select(seed => FileTestFolder.Random(1000, seed))];
        Chunk[] chunks = [.. contents.Select(content => new Chunk(ContentHash.Of(content), 1000))];
        using var sealer = new BulkCipher(_key);
        using var opener = new BulkCipher(_key);
        ChunkFetching fetching = null!;
        void Answer(ulong first, IReadOnlyList<Chunk> asked)
        {
            foreach ((int i, Chunk chunk) in asked.Index())
                Assert.True(fetching.Take(new HandedFrame(Frame(sealer, contents[Array.IndexOf(chunks, chunk)], 2, first + (ulong)i)), opener));
        }

        using var made = fetching = new ChunkFetching(FileTestFolder.Limits)
        {
            Forged = () =>
            {
                fetching.Detach();
                // The first link after that is lost before anything has come.
                fetching.Attach(2000, (_, _, _) => { });
                fetching.Detach();
                var asked = new List<(ulong First, IReadOnlyList<Chunk> Chunks)>();
                fetching.Attach(2000, (first, again, _) => asked.Add((first, again)));
                for (int i = 0; i < asked.Count; i++)
                    Answer(asked[i].First, asked[i].Chunks);
            },
        };
        IReadOnlyList<Chunk>? wanted = null;
        fetching.Attach(4000, (_, question, _) => wanted ??= question);
        fetching.Expect(chunks);
        Assert.Equal(4, wanted!.Count);
        byte[] forged = Frame(sealer, contents[0], 1, 1);
        forged[^1] ^= 1;
        Assert.True(fetching.Take(new HandedFrame(forged), opener));
        for (int i = 1; i < 4; i++)
            Assert.True(fetching.Take(new HandedFrame(Frame(sealer, contents[i], 1, (ulong)i + 1)), opener));

        foreach ((int i, Chunk chunk) in chunks.Index())
        {
            byte[] into = new byte[1000];
            await fetching.ReadAsync(chunk, into, default).AsTask().WaitAsync(TimeSpan.FromSeconds(10));
            Assert.Equal(contents[i], into);
        }
    }

    [Fact]
    public async Task Who_comes_too_late_for_a_link_that_was_lost_is_not_taken_for_the_next_one()
    {
        byte[] content = FileTestFolder.Random(1000, 8);
        var chunk = new Chunk(ContentHash.Of(content), 1000);
        using var sealer = new BulkCipher(_key);
        using var opener = new BulkCipher(_key);
        using var fetching = new ChunkFetching(FileTestFolder.Limits);
        fetching.Expect([chunk]);
        using var lost = new CancellationTokenSource();
        await lost.CancelAsync();
        fetching.Detach();

        fetching.Attach(Chunker.MaxBytes, (_, _, _) => Assert.Fail("It asks on a link that is lost."), lost.Token);
        ulong asked = 0;
        fetching.Attach(Chunker.MaxBytes, (first, _, _) => asked = first);
        fetching.Attach(Chunker.MaxBytes, (_, _, _) => Assert.Fail("It asks on a link that is lost."), lost.Token);

        Assert.True(fetching.Take(new HandedFrame(Frame(sealer, content, 2, asked)), opener));
        byte[] into = new byte[1000];
        await fetching.ReadAsync(chunk, into, default).AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(content, into);
    }

    [Fact]
    public async Task A_frame_that_is_longer_than_what_was_asked_for_is_not_kept_until_it_is_opened()
    {
        byte[] content = FileTestFolder.Random(1000, 8);
        var chunk = new Chunk(ContentHash.Of(content), 1000);
        using var sealer = new BulkCipher(_key);
        using var opener = new BulkCipher(_key);
        ulong asked = 0;
        using var fetching = new ChunkFetching(FileTestFolder.Limits);
        fetching.Attach(Chunker.MaxBytes, (first, _, _) => asked = first);
        fetching.Expect([chunk]);

        Assert.False(fetching.Take(new HandedFrame(Frame(sealer, FileTestFolder.Random(1_000_000, 9), 1, asked)), opener));
        Assert.True(fetching.Take(new HandedFrame(Frame(sealer, content, 1, asked)), opener));
        byte[] into = new byte[1000];
        await fetching.ReadAsync(chunk, into, default).AsTask().WaitAsync(TimeSpan.FromSeconds(10));

        Assert.Equal(content, into);
    }

    [Fact]
    public void A_question_that_no_receiver_asks_is_refused_and_never_sends_what_is_not_of_the_tree()
    {
        _folder.Write("file", FileTestFolder.Random(900_000, 4));
        using LocalTree tree = _folder.Read();
        var sent = new List<byte[]>();
        byte[] good = TreeDocument.Write([tree.Tree.Chunks()[0]]);
        Fuzz.Damaged([.. new byte[16], .. good]).Sample(damaged => Fuzz.Measured(() =>
        {
            using var cipher = new BulkCipher(_key);
            using var serving = new ChunkServing(1, tree.Tree, tree, cipher, new ChunkExit(frame =>
            {
                lock (sent)
                    sent.Add(frame.Bytes.ToArray());
                return Task.FromResult(SendOutcome.Sent);
            }, (told, _) => { }), FileTestFolder.Limits);
            if (damaged.Length < 16)
                return;
            serving.Ask(new AskChunks(1, BitConverter.ToInt64(damaged), BitConverter.ToInt64(damaged, 8)), damaged.AsSpan(16));
        }), iter: Math.Min(Fuzz.Iterations, 2000));

        Assert.All(sent, frame => Assert.Equal(BulkFrame.LengthOf(tree.Tree.Chunks()[0].Length), frame.Length));
    }

    [Fact]
    public void Any_frame_is_a_chunk_or_none_and_none_opens_that_was_not_sealed()
    {
        byte[] content = FileTestFolder.Random(100, 6);
        using var sealer = new BulkCipher(_key);
        byte[] good = Frame(sealer, content, 1, 1);
        Fuzz.Damaged(good).Sample(damaged =>
        {
            if (!BulkFrame.Is([damaged]) || damaged.AsSpan().SequenceEqual(good))
                return;
            using var opener = new BulkCipher(_key);
            opener.IsNext(damaged);
            Assert.False(opener.Open(damaged, ContentHash.Of(content), new byte[100]));
        }, iter: Math.Min(Fuzz.Iterations, 20_000));
    }

    private static byte[] Frame(BulkCipher sealer, byte[] content, ulong transfer, ulong number)
    {
        byte[] frame = new byte[BulkFrame.LengthOf(content.Length)];
        content.CopyTo(frame, BulkFrame.HeaderLength);
        Assert.True(sealer.Seal(frame, transfer, number, ContentHash.Of(content)));
        return frame;
    }

    /// <summary>A link between the two halves that may be lost.</summary>
    private sealed class Loop(LocalTree tree, ChunkFetching fetching, byte[] key, FileLimits limits)
    {
        private int _left;

        public void Attach(int cutAfter, Action lost)
        {
            _left = cutAfter;
            bool cut = false;
            // As long as the test: what came before a cut is opened after it.
            BulkCipher sealer = new(key), opener = new(key);
            var exit = new ChunkExit(frame =>
            {
                if (cut)
                    return Task.FromResult(SendOutcome.Unreachable);
                if (_left-- == 0)
                {
                    cut = true;
                    lost();
                    return Task.FromResult(SendOutcome.Unreachable);
                }

                Assert.True(fetching.Take(frame, opener));
                return Task.FromResult(SendOutcome.Sent);
            }, (refused, _) => Assert.Fail(refused.Message));
            var serving = new ChunkServing(1, tree.Tree, tree, sealer, exit, limits);
            fetching.Attach(2 * Chunker.MaxBytes, (first, chunks, received) => Assert.True(serving.Ask(new AskChunks(1, (long)first, received), TreeDocument.Write(chunks))));
        }
    }
}
