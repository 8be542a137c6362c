using Pantry.Tests.Attacks;
using Pantry.Transport.Gates;

namespace Pantry.Tests.Transport.Gates;

public sealed class GateParserTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(1, 1)]
    public void The_greetings_of_the_specification_of_NetMQ_and_of_libzmq_are_accepted(byte padding, byte minor)
    {
        HandshakeParser parser = HandshakeParser.ForPeer(ZmtpSocketType.Dealer);
        byte[] hello = [.. ZmtpBytes.Greeting(minor: minor, padding: padding), .. ZmtpBytes.Ready("DEALER"), 0x00];
        Assert.Equal(hello.Length - 1, parser.Feed(hello));
        Assert.True(parser.IsDone);
        Assert.Equal("DEALER", parser.SeenType);
    }

    [Fact]
    public void Property_names_have_no_case_and_the_identity_may_be_left_out()
    {
        HandshakeParser parser = HandshakeParser.ForPeer(ZmtpSocketType.Sub);
        _ = parser.Feed([.. ZmtpBytes.Greeting(), .. ZmtpBytes.Command("READY", ZmtpBytes.Property("socket-TYPE", "SUB"))]);
        Assert.True(parser.IsDone);
    }

    [Fact]
    public void A_wrong_greeting_is_refused_at_its_first_wrong_byte()
    {
        byte[] right = ZmtpBytes.Greeting();
        for (int at = 0; at < right.Length; at++)
        {
            byte[] wrong = [.. right];
            wrong[at] = 0xaa;
            HandshakeParser parser = HandshakeParser.ForPeer(ZmtpSocketType.Sub);
            int used = parser.Feed(wrong);
            Assert.NotEqual(GateRefusal.None, parser.Refusal);
            // The mechanism is judged as a whole, so that the error can name it.
            Assert.Equal(at is >= 12 and < 32 ? 32 : at + 1, used);
        }
    }

    [Fact]
    public void What_the_gate_says_is_what_the_gate_accepts()
    {
        foreach (ZmtpSocketType type in Enum.GetValues<ZmtpSocketType>())
        {
            HandshakeParser parser = HandshakeParser.ForPeer(type);
            byte[] hello = ZmtpReady.Hello(type);
            Assert.Equal(hello.Length, parser.Feed(hello));
            Assert.True(parser.IsDone);
        }
    }

    [Fact]
    public void A_large_message_stops_at_its_header_until_it_is_granted()
    {
        var parser = new FrameParser(GateProfile.Receive(), 1000);
        byte[] bytes = [.. ZmtpBytes.Frame(1, new byte[600]), .. ZmtpBytes.Frame(1, new byte[600]), .. ZmtpBytes.Frame(0, new byte[300])];

        FrameStep second = parser.Feed(bytes);
        Assert.Equal(new FrameStep(609 + 9, GateRefusal.None, FramePause.NeedsGrant), second);
        Assert.Equal(1200, parser.Ungranted);
        parser.Grant();

        FrameStep third = parser.Feed(bytes.AsSpan(second.Consumed));
        Assert.Equal(new FrameStep(600 + 9, GateRefusal.None, FramePause.NeedsGrant), third);
        Assert.Equal(300, parser.Ungranted);
        parser.Grant();

        FrameStep end = parser.Feed(bytes.AsSpan(second.Consumed + third.Consumed));
        Assert.Equal(new FrameStep(300, GateRefusal.None, FramePause.MessageEnded), end);
        Assert.Equal(1500, parser.TakeBackGrant());
        Assert.False(parser.IsInsideMessage);
        Assert.Equal(1, parser.Messages);
    }

    [Fact]
    public void The_end_of_every_message_is_shown()
    {
        var parser = new FrameParser(GateProfile.Receive(), 1000);
        byte[] bytes = [.. ZmtpBytes.Frame(1, [1]), .. ZmtpBytes.Frame(0, []), .. ZmtpBytes.Frame(0, [3]), 0];

        Assert.Equal(new FrameStep(5, GateRefusal.None, FramePause.MessageEnded), parser.Feed(bytes));
        Assert.Equal(0, parser.TakeBackGrant());
        Assert.Equal(new FrameStep(3, GateRefusal.None, FramePause.MessageEnded), parser.Feed(bytes.AsSpan(5)));
        Assert.Equal(new FrameStep(1, GateRefusal.None, FramePause.None), parser.Feed(bytes.AsSpan(8)));
        Assert.True(parser.IsInsideMessage);
    }

    [Fact]
    public void A_length_that_is_too_large_is_refused_at_the_last_byte_of_the_header()
    {
        var parser = new FrameParser(GateProfile.Receive(), 1000);
        Assert.Equal(new FrameStep(9, GateRefusal.FrameTooLarge, FramePause.None), parser.Feed(ZmtpBytes.LongHeader(0, 1UL << 40)));
    }

    [Fact]
    public void The_largest_message_allowed_is_allowed_and_one_byte_more_is_not()
    {
        GateProfile profile = GateProfile.Receive() with { MaxFrameBytes = 100, MaxMessageBytes = 150, MaxFramesPerMessage = 2 };
        byte[] most = [.. ZmtpBytes.Frame(1, new byte[100]), .. ZmtpBytes.Frame(0, new byte[50])];
        Assert.Equal(GateRefusal.None, new FrameParser(profile, 1000).Feed(most).Refusal);
        byte[] more = [.. ZmtpBytes.Frame(1, new byte[100]), .. ZmtpBytes.Frame(0, new byte[51])];
        Assert.Equal(GateRefusal.MessageTooLarge, new FrameParser(profile, 1000).Feed(more).Refusal);
        Assert.Equal(GateRefusal.FrameTooLarge, new FrameParser(profile, 1000).Feed(ZmtpBytes.Frame(0, new byte[101])).Refusal);
    }

    [Fact]
    public void Subscriptions_are_counted_as_they_live()
    {
        var parser = new FrameParser(GateProfile.Publish(), 1000);
        byte[] topic = new byte[16];
        foreach (byte kind in (byte[])[1, 1])
        {
            Assert.Equal(FramePause.MessageEnded, parser.Feed(ZmtpBytes.Subscription(topic, kind)).Pause);
            Assert.Equal([UInt128.Zero], parser.Subscriptions);
        }

        _ = parser.Feed(ZmtpBytes.Subscription(topic, kind: 0));
        Assert.Empty(parser.Subscriptions);
    }

    [Fact]
    public void Foreign_bytes_are_shown_in_a_printable_form_of_bounded_length()
    {
        Assert.Equal("HTTP/1.1 400 Bad Request", PrintableBytes.Show("HTTP/1.1 400 Bad Request\r\nServer: x\r\n"u8));
        Assert.Equal("\\x1b[31m", PrintableBytes.Show([0x1b, .. "[31m"u8]));
        Assert.True(PrintableBytes.Show(new byte[10_000]).Length < 250);
    }

    [Fact]
    public void A_rate_lets_a_burst_pass_and_then_makes_wait()
    {
        var bucket = new TokenBucket(10, 20, 0);
        Assert.Equal(TimeSpan.Zero, bucket.Spend(20, 0));
        Assert.Equal(TimeSpan.FromSeconds(1), bucket.Spend(10, 0));
        Assert.Equal(TimeSpan.Zero, bucket.Spend(0, 1000));
        Assert.False(bucket.TryTake(1000));
        Assert.True(bucket.TryTake(1100));
    }

    [Fact]
    public async Task The_frame_budget_is_given_in_order_of_asking_and_a_cancelled_wait_takes_nothing()
    {
        var budget = new FrameBudget(100);
        Assert.True(budget.TryTake(60));
        using var cancel = new CancellationTokenSource();
        Task large = budget.TakeAsync(90, cancel.Token);
        Task small = budget.TakeAsync(10, CancellationToken.None);
        Assert.False(budget.TryTake(1));
        Assert.False(small.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => large);
        await small.WaitAsync(GateRig.Patience);
        Assert.Equal(70, budget.Taken);
        budget.Return(70);
        Assert.Equal(0, budget.Taken);
    }
}
