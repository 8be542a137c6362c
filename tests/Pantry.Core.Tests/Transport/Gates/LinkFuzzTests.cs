using CsCheck;
using Pantry.Tests.Attacks;
using Pantry.Tests.Security;
using Pantry.Transport.Gates;

namespace Pantry.Tests.Transport.Gates;

/// <summary>Any bytes of the endpoint, split anyhow: the same messages, the same end, and never more memory than a message may take.</summary>
public sealed class LinkFuzzTests
{
    private const int MostBytes = 3_000;

    private static readonly Gen<byte[]> Message =
        Gen.Select(Gen.Byte, Gen.Int[0, 700].Array[0, 4])
            .Select((number, sizes) => LinkEnd.Message([LinkEnd.NumberFrame(number), .. sizes.Select(size => new byte[size])]));

    private static readonly Gen<byte[]> Messages = Message.Array[0, 12].Select(all => all.SelectMany(one => one).ToArray());

    private static readonly Gen<byte[]> Mutated =
        from bytes in Messages
        from changes in Gen.Select(Gen.Int[0, int.MaxValue], Gen.Byte).Array[0, 3]
        select Change(bytes, changes);

    [Fact]
    public void What_an_endpoint_says_is_understood_the_same_however_it_is_split() =>
        Gen.Select(Gen.OneOf(Mutated, Gen.Byte.Array[0, 300]), Gen.Int[1, 300].Array[0, 40])
            .Sample(
                (bytes, splits) => Read(bytes, [bytes.Length]) == Read(bytes, splits),
                iter: Fuzz.Iterations);

    [Fact]
    public void Messages_are_understood_whole_and_none_is_left_over() =>
        Gen.Select(Message.Array[0, 12], Gen.Int[1, 300].Array[0, 40])
            .Sample(
                (messages, splits) =>
                {
                    string read = Read([.. messages.SelectMany(message => message)], splits);
                    return read == string.Concat(messages.Select(message => Convert.ToHexString(message) + ";")) + "open";
                },
                iter: Fuzz.Iterations);

    [Fact]
    public void The_head_that_the_gate_writes_is_the_one_it_reads()
    {
        byte[] head = new byte[LinkMessage.NumberHeadBytes];
        LinkMessage.WriteHead(head, 0x0102030405060708, alone: true);
        Assert.Equal(LinkVerdict.Whole, LinkMessage.Judge(head, LinkMessage.NumberBytes, MostBytes, out int length));
        var alone = new LinkMessage(head.AsSpan(0, length), LinkMessage.NumberBytes);
        Assert.Equal(0x0102030405060708ul, alone.Number);
        Assert.True(alone.Frames.IsEmpty);

        LinkMessage.WriteHead(head, 9, alone: false);
        Assert.Equal(LinkVerdict.Incomplete, LinkMessage.Judge(head, LinkMessage.NumberBytes, MostBytes, out _));
        byte[] whole = [.. head, .. ZmtpBytes.Frame(0, [5])];
        Assert.Equal(LinkVerdict.Whole, LinkMessage.Judge(whole, LinkMessage.NumberBytes, MostBytes, out length));
        Assert.Equal(ZmtpBytes.Frame(0, [5]), new LinkMessage(whole.AsSpan(0, length), LinkMessage.NumberBytes).Frames.ToArray());
    }

    [Fact]
    public void Room_is_counted_in_the_bytes_that_the_wire_takes()
    {
        byte[][] frames = [[], new byte[255], new byte[256], new byte[70_000]];
        Assert.Equal(LinkEnd.Message(frames).Length, LinkMessage.WireBytes(frames));
    }

    private static string Read(byte[] bytes, int[] splits)
    {
        var buffer = new LinkBuffer(16, LinkMessage.NumberBytes, MostBytes);
        var read = new System.Text.StringBuilder();
        bool isOpen = true;
        int at = 0;
        foreach (int split in (int[])[.. splits, bytes.Length])
        {
            for (int end = Math.Min(bytes.Length, at + split); isOpen && at < end;)
            {
                Memory<byte> room = buffer.Room();
                Assert.InRange(room.Length, 1, 2 * MostBytes);
                int count = Math.Min(room.Length, end - at);
                bytes.AsMemory(at, count).CopyTo(room);
                buffer.Add(count);
                at += count;
                isOpen = buffer.Deliver(message => read.Append(Convert.ToHexString(message.Whole)).Append(';'));
            }
        }

        return read + (isOpen ? "open" : "broken");
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
}
