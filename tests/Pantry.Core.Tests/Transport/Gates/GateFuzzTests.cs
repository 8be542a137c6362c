using CsCheck;
using Pantry.Tests.Attacks;
using Pantry.Tests.Security;
using Pantry.Transport.Gates;

namespace Pantry.Tests.Transport.Gates;

/// <summary>Any bytes, split anyhow: the parsers end in a verdict, and in the same one.</summary>
public sealed class GateFuzzTests
{
    private const long LargeMessageBytes = 400;

    private static readonly GateProfile Small = GateProfile.Receive() with { MaxFrameBytes = 2000, MaxMessageBytes = 3000, MaxFramesPerMessage = 4 };

    private static readonly Gen<byte[]> Handshakes = Gen.OneOf(
        Gen.Const(ZmtpBytes.Hello("DEALER")),
        Gen.Const(ZmtpBytes.Hello("SUB")),
        Gen.Const((byte[])[.. ZmtpBytes.Greeting(minor: 1), .. ZmtpBytes.Ready("DEALER", null)]));

    private static readonly Gen<byte[]> Frame =
        from flags in Gen.Int[0, 7].Select(pick => (byte)(pick < 4 ? 0 : pick - 4))
        from size in Gen.OneOf(Gen.Int[0, 20], Gen.Int[16, 17], Gen.Int[250, 700], Gen.Int[0, 2100])
        select (flags & 2) != 0 ? [.. ZmtpBytes.LongHeader(flags, (ulong)size), .. new byte[size]] : ZmtpBytes.Frame(flags, new byte[size]);

    private static readonly Gen<byte[]> Frames = Frame.Array[0, 12].Select(frames => frames.SelectMany(frame => frame).ToArray());

    private static readonly Gen<byte[]> Subscriptions = Gen.Select(Gen.Byte[0, 1], Gen.Byte[0, 9])
        .Array[0, 30]
        .Select(all => all.SelectMany(one => ZmtpBytes.Subscription([.. Enumerable.Repeat(one.Item2, 16)], one.Item1)).ToArray());

    /// <summary>Bytes with up to three of them changed; often none.</summary>
    private static Gen<byte[]> Mutated(Gen<byte[]> valid) =>
        from bytes in valid
        from changes in Gen.Select(Gen.Int[0, int.MaxValue], Gen.Byte).Array[0, 3]
        select Change(bytes, changes);

    [Fact]
    public void A_handshake_is_judged_the_same_however_it_is_split() =>
        Gen.Select(Gen.OneOf(Mutated(Handshakes), Gen.Byte.Array[0, 150]), Gen.Int[1, 9].Array[0, 40])
            .Sample(
                (bytes, splits) => Judge(bytes, [bytes.Length]) == Judge(bytes, splits),
                iter: Fuzz.Iterations);

    [Fact]
    public void Frames_are_judged_the_same_however_they_are_split() =>
        Gen.Select(Gen.OneOf(Mutated(Frames), Gen.Byte.Array[0, 300]), Gen.Int[1, 300].Array[0, 40])
            .Sample(
                (bytes, splits) => JudgeFrames(Small, bytes, [bytes.Length]) == JudgeFrames(Small, bytes, splits),
                iter: Fuzz.Iterations);

    [Fact]
    public void Subscriptions_are_judged_the_same_however_they_are_split() =>
        Gen.Select(Gen.OneOf(Mutated(Subscriptions), Gen.Byte.Array[0, 100]), Gen.Int[1, 30].Array[0, 40])
            .Sample(
                (bytes, splits) =>
                {
                    GateProfile profile = GateProfile.Publish() with { MaxSubscriptions = 5 };
                    return JudgeFrames(profile, bytes, [bytes.Length]) == JudgeFrames(profile, bytes, splits);
                },
                iter: Fuzz.Iterations);

    [Fact]
    public void Valid_frames_are_never_refused_and_every_grant_is_asked_for_and_given_back()
    {
        Gen.Select(Gen.Int[0, 700].Array[1, 4], Gen.Int[1, 300].Array[0, 40])
            .Sample(
                (sizes, splits) =>
                {
                    byte[] message = [.. sizes.SelectMany((size, index) => ZmtpBytes.Frame((byte)(index < sizes.Length - 1 ? 1 : 0), new byte[size]))];
                    FrameVerdict verdict = JudgeFrames(Small, [.. message, .. message], splits);
                    long announced = sizes.Sum();
                    Assert.Equal(GateRefusal.None, verdict.Refusal);
                    Assert.Equal(2, verdict.Messages);
                    Assert.Equal(2 * message.Length, verdict.Consumed);
                    Assert.Equal(announced > LargeMessageBytes ? 2 * announced : 0, verdict.Granted);
                },
                iter: Fuzz.Iterations);
    }

    [Fact]
    public void The_parser_of_frames_keeps_no_bodies()
    {
        var parser = new FrameParser(GateProfile.Receive(), LargeMessageBytes);
        byte[] header = ZmtpBytes.LongHeader(0, GateProfile.DefaultMaxFrameBytes);
        byte[] piece = new byte[1024 * 1024];
        _ = parser.Feed(header);
        parser.Grant();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int fed = 0; fed < 15; fed++)
            _ = parser.Feed(piece);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1024);
    }

    private static byte[] Change(byte[] bytes, (int At, byte To)[] changes)
    {
        byte[] changed = [.. bytes];
        foreach ((int at, byte to) in changes)
        {
            if (changed.Length > 0)
                changed[at % changed.Length] = to;
        }

        return changed;
    }

    private static (GateRefusal Refusal, bool IsDone, int Used, string? Type) Judge(byte[] bytes, int[] splits)
    {
        HandshakeParser parser = HandshakeParser.ForPeer(ZmtpSocketType.Dealer);
        int used = 0;
        foreach (Range piece in Pieces(bytes.Length, splits))
            used += parser.Feed(bytes.AsSpan(piece));
        Assert.False(parser.IsDone && parser.Refusal != GateRefusal.None);
        return (parser.Refusal, parser.IsDone, used, parser.SeenType);
    }

    private static FrameVerdict JudgeFrames(GateProfile profile, byte[] bytes, int[] splits)
    {
        var parser = new FrameParser(profile, LargeMessageBytes);
        int consumed = 0;
        long granted = 0;
        foreach (Range piece in Pieces(bytes.Length, splits))
        {
            Span<byte> rest = bytes.AsSpan(piece);
            while (rest.Length > 0)
            {
                FrameStep step = parser.Feed(rest);
                Assert.True(step.Consumed > 0, "the parser stands still");
                consumed += step.Consumed;
                rest = rest[step.Consumed..];
                if (step.Refusal != GateRefusal.None)
                    return new FrameVerdict(step.Refusal, consumed, granted, parser.Messages, parser.Subscriptions.Count, true);
                if (step.Pause == FramePause.NeedsGrant)
                {
                    granted += parser.Ungranted;
                    parser.Grant();
                }
                else if (step.Pause == FramePause.MessageEnded)
                {
                    Assert.True(parser.TakeBackGrant() is 0 or > LargeMessageBytes);
                }
            }
        }

        return new FrameVerdict(GateRefusal.None, consumed, granted, parser.Messages, parser.Subscriptions.Count, parser.IsInsideMessage);
    }

    private static IEnumerable<Range> Pieces(int length, int[] splits)
    {
        int at = 0;
        foreach (int split in splits)
        {
            int end = Math.Min(length, at + split);
            yield return at..end;
            at = end;
        }

        yield return at..length;
    }

    private sealed record FrameVerdict(GateRefusal Refusal, int Consumed, long Granted, long Messages, int Subscriptions, bool IsInsideMessage);
}
