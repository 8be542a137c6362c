using System.Diagnostics;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server;
using Pantry.Tests.Sessions;
using Pantry.Transport;

namespace Pantry.Tests.Server;

/// <summary>What leaves a session, and when it is known to have left.</summary>
public sealed class ServerSessionTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly ChannelPair _pair = ChannelPair.Create();
    private readonly TaskCompletionSource _mayLeave = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<byte[][]> _left = [];
    private readonly List<string> _dropped = [];

    [Fact]
    public async Task A_closed_session_is_flushed_as_soon_as_its_last_message_has_left()
    {
        ServerSession session = Open();
        session.Post(new Message(MessageKind.Leave, new Leave("it is over")));
        session.Close();

        Task flushed = session.FlushAsync(TestContext.Current.CancellationToken);
        Assert.False(flushed.IsCompleted, "nothing may leave yet");
        _mayLeave.SetResult();
        await flushed.WaitAsync(Deadline, TestContext.Current.CancellationToken);

        Assert.Equal(MessageKind.Leave, Received(Assert.Single(_left)).Kind);
    }

    [Fact]
    public async Task An_open_session_is_flushed_when_what_was_queued_before_has_left()
    {
        ServerSession session = Open();
        for (int i = 0; i < 3; i++)
            session.Post(new Message(MessageKind.HeartbeatReply, new HeartbeatReply(DateTimeOffset.UnixEpoch)));

        Task flushed = session.FlushAsync(TestContext.Current.CancellationToken);
        Assert.False(flushed.IsCompleted, "nothing may leave yet");
        _mayLeave.SetResult();
        await flushed.WaitAsync(Deadline, TestContext.Current.CancellationToken);

        Assert.Equal(3, _left.Count);
    }

    [Fact]
    public async Task A_message_that_comes_after_the_end_takes_nothing_away_from_what_was_queued()
    {
        for (int round = 0; round < 200; round++)
        {
            var session = new ServerSessionTests();
            await session.CloseWhileOthersPostAsync();
        }
    }

    [Fact]
    public async Task A_peer_that_takes_nothing_keeps_nobody_waiting_who_wants_its_session_flushed()
    {
        ServerSession session = Open(SendOutcome.Congested);
        session.Post(new Message(MessageKind.Leave, new Leave("it is over")));
        _mayLeave.SetResult();

        await session.FlushAsync(TestContext.Current.CancellationToken).WaitAsync(Deadline, TestContext.Current.CancellationToken);

        Assert.Single(_dropped);
    }

    [Theory]
    [InlineData(nameof(MessageKind.JobPage))]
    [InlineData(nameof(MessageKind.EventsHappened))]
    [InlineData(nameof(MessageKind.RowsRead))]
    [InlineData(nameof(MessageKind.OutputRead))]
    public async Task A_session_that_lasts_takes_answers_of_every_kind_without_end(string name)
    {
        MessageKind kind = Enum.Parse<MessageKind>(name);
        ServerSession session = Open();
        _mayLeave.SetResult();
        object head = kind switch
        {
            MessageKind.JobPage => new JobPage([], true),
            MessageKind.EventsHappened => new EventsHappened("w", false, []),
            MessageKind.RowsRead => new RowsRead("j", 0),
            _ => new OutputRead("w", true, [], [], false),
        };
        for (int i = 0; i < 3000; i++)
            await session.PostBulkAsync(new Message(kind, head), TestContext.Current.CancellationToken).WaitAsync(Deadline, TestContext.Current.CancellationToken);
        await session.FlushAsync(TestContext.Current.CancellationToken).WaitAsync(Deadline, TestContext.Current.CancellationToken);

        Assert.Equal(3000, _left.Count);
        Assert.Empty(_dropped);
    }

    private async Task CloseWhileOthersPostAsync()
    {
        ServerSession session = Open();
        _mayLeave.SetResult();
        using var begin = new Barrier(2);
        Task others = Task.Run(() =>
        {
            begin.SignalAndWait();
            for (int i = 0; i < 20; i++)
                session.Post(new Message(MessageKind.HeartbeatReply, new HeartbeatReply(DateTimeOffset.UnixEpoch)));
        });
        begin.SignalAndWait();
        session.Post(new Message(MessageKind.Leave, new Leave("it is over")));
        session.Close();
        await others;
        await session.FlushAsync(TestContext.Current.CancellationToken).WaitAsync(Deadline, TestContext.Current.CancellationToken);

        Assert.Contains(_left, frames => Received(frames).Kind == MessageKind.Leave);
        Assert.Empty(_dropped);
    }

    private ServerSession Open(SendOutcome outcome = SendOutcome.Sent)
    {
        using CurveKeyPair key = CurveKeyPair.Generate();
        return new ServerSession(
            new PeerId(ServerPort.Receive, 1), key.PublicKey, Senders.Client, "127.0.0.1", _pair.Server, Stopwatch.GetTimestamp(),
            async (_, frames) =>
            {
                await _mayLeave.Task;
                _left.Add(frames);
                return outcome;
            },
            (session, why) =>
            {
                _dropped.Add(why);
                session.Close();
            });
    }

    private Message Received(byte[][] frames) => _pair.Peer.Open(frames, Senders.Server).Message!;
}
