using System.Diagnostics;
using System.Text;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;
using Pantry.Tests.Sessions;
using Pantry.Transport;

namespace Pantry.Tests.Output;

/// <summary>Clients that number their output as they like, and consoles that ask for it and do not read.</summary>
public sealed class OutputAbuseTests
{
    [Fact]
    public async Task Numbers_that_a_power_cut_took_are_gone_past_at_once()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using RawPeer peer = await fleet.AddRawAsync("raw");
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob job = await StartAsync(fleet);
        Send(peer, job, 0, 0, "one\n");
        Send(peer, job, 1000, 1000, "two\n");
        Send(peer, job, 1001, 1000, "three\n");
        while (peer.Receive(MessageKind.OutputStored).HeadAs<OutputStored>().Next != 1002)
            continue;

        Assert.Equal(["one\n", "two\n", "three\n"], await FirstAsync(job, [], deadline.Token));
        Assert.Equal(["two\n", "three\n"], await FirstAsync(job, [1], deadline.Token));
        Assert.Equal(["three\n"], await FirstAsync(job, [1001], deadline.Token));
    }

    [Fact]
    public async Task A_piece_numbered_beyond_all_reason_is_not_kept_and_keeps_no_reader_waiting()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using RawPeer peer = await fleet.AddRawAsync("raw");
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob job = await StartAsync(fleet);
        Send(peer, job, int.MaxValue, int.MaxValue, "false\n");
        Assert.Contains("piece", peer.ReceiveRefusal().Refused.Message, StringComparison.Ordinal);
        Send(peer, job, int.MaxValue - 1, int.MaxValue - 1, "false\n");
        Assert.Equal(int.MaxValue, peer.Receive(MessageKind.OutputStored).HeadAs<OutputStored>().Next);

        peer.Send(new Message(MessageKind.Result, new Result(job.Id, CommandStatus.Succeeded, 0, null, BodyFormat.None, null, false, null, TimeSpan.Zero))
        {
            Bodies = ["true\n"u8.ToArray(), [], []],
        });
        List<OutputPage> pages = await job.ReadOutputAsync([], deadline.Token).ToListAsync(deadline.Token);

        StoredPiece piece = Assert.Single(pages.SelectMany(page => page.Pieces));
        Assert.Equal((0, "true\n"), (piece.Head.Sequence, Encoding.UTF8.GetString(piece.Bytes)));
    }

    [Fact]
    public async Task A_console_that_asks_again_and_again_and_does_not_read_has_one_page_waiting()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using RawPeer peer = await fleet.AddRawAsync("raw");
        IJob job = await StartAsync(fleet);
        Send(peer, job, 0, 0, "one\n");
        peer.Receive(MessageKind.OutputStored);
        var mayLeave = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int left = 0;
        ServerSession session = Open(async () =>
        {
            await mayLeave.Task;
            Interlocked.Increment(ref left);
        });
        Task Ask(IReadOnlyList<int>? from) => AskAsync(fleet, session, job, from);

        Task first = Ask([]);
        // The answer may be with the console already: one more request waits for that to be known here, and no other.
        Task second = Ask(null);
        for (int i = 0; i < 3; i++)
            Assert.Equal(PantryErrorCode.LimitReached, (await Assert.ThrowsAsync<PantryException>(() => Ask(null))).Code);
        Assert.False(first.IsCompleted || second.IsCompleted, "nothing has left yet");

        mayLeave.SetResult();
        await Task.WhenAll(first, second).WaitAsync(Fleet.Deadline, TestContext.Current.CancellationToken);
        Assert.Equal(2, left);
        await Ask(null).WaitAsync(Fleet.Deadline, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task An_answer_that_does_not_leave_in_time_ends_its_watch()
    {
        await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { RequestTimeout = TimeSpan.FromSeconds(1) });
        using RawPeer peer = await fleet.AddRawAsync("raw");
        IJob job = await StartAsync(fleet);
        var never = new TaskCompletionSource();
        ServerSession session = Open(() => never.Task);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => AskAsync(fleet, session, job, []).WaitAsync(Fleet.Deadline, TestContext.Current.CancellationToken));
        // There is no such watch any more, which is said without waiting.
        for (int i = 0; i < 3; i++)
            Assert.True(AskAsync(fleet, session, job, null).IsCompletedSuccessfully);
    }

    private static Task AskAsync(Fleet fleet, ServerSession session, IJob job, IReadOnlyList<int>? from) => fleet.Server.Outputs.AnswerAsync(
        session, new ReadOutput("w", job.Id, from, 0), 1, fleet.Server.Authority.Bundle.Find(Authority.LocalOperator)!);

    private static ServerSession Open(Func<Task> leave)
    {
        using CurveKeyPair key = CurveKeyPair.Generate();
        return new ServerSession(
            new PeerId(ServerPort.Receive, 1), key.PublicKey, Senders.Operator, "127.0.0.1", ChannelPair.Create().Server, Stopwatch.GetTimestamp(),
            async (_, _) =>
            {
                await leave();
                return SendOutcome.Sent;
            },
            (_, _) => { });
    }

    private static Task<IJob> StartAsync(Fleet fleet) => fleet.Server.Fleet.StartJobAsync(LiveFleet.Shell("sleep 600", Target.Clients(["raw"])), default);

    private static void Send(RawPeer peer, IJob job, int sequence, int oldest, string text) =>
        peer.Send(new Message(MessageKind.OutputPiece, new OutputPiece(job.Id, sequence, oldest, Result.StandardOutputBody, 0)) { Bodies = [Encoding.UTF8.GetBytes(text)] });

    private static async Task<string[]> FirstAsync(IJob job, IReadOnlyList<int> from, CancellationToken cancellation)
    {
        OutputPage page = await job.ReadOutputAsync(from, cancellation).FirstAsync(cancellation);
        return [.. page.Pieces.Select(piece => Encoding.UTF8.GetString(piece.Bytes))];
    }
}
