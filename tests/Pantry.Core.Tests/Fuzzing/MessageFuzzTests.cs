using System.Text;
using Pantry.Protocol;
using Pantry.Sessions;
using Pantry.Tests.Protocol;

namespace Pantry.Tests.Fuzzing;

/// <summary>What comes after the seal was opened: any bytes that somebody with a key may say.</summary>
[Collection(nameof(FuzzRun))]
public sealed class MessageFuzzTests
{
    private static readonly WireLimits Limits = new() { FragmentBytes = 64, MaxMessageBytes = 4096, MaxIncompleteMessages = 4, MaxIncompleteBytes = 8192 };

    public static TheoryData<string> Kinds => GoldenFileTests.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_head_of_any_kind_is_understood_or_refused_and_what_is_understood_can_be_said_again(string kind)
    {
        (MessageKind number, byte[] head) = Golden(kind);
        byte[] header = Header(number);
        Senders sender = number.MayBeSentBy();
        FuzzRun.Run((damaged, _) => Understands([header, damaged], sender), head);
    }

    [Fact]
    public void Frames_of_any_kind_and_sender_are_understood_or_refused()
    {
        byte[][] good = [.. GoldenFileTests.Kinds.Select(kind => Golden(kind.Data)).Select(golden => Fragments.Join([Header(golden.Kind), golden.Head, [1, 2]]))];
        var limits = new WireLimits();
        FuzzRun.Run(
            (damaged, random) =>
            {
                Senders sender = random.Next(4) == 0 ? (Senders)random.Next(32) : Senders.Server | Senders.Peers;
                return Fragments.Split(damaged, limits) is { } frames && Understands(frames, sender) | sender != (Senders.Server | Senders.Peers);
            },
            good);
    }

    [Fact]
    public void Fragments_are_put_together_or_refused_and_hold_no_more_than_they_may()
    {
        byte[][] pieces = [.. Fragments.Cut([new byte[400], new byte[900]], 7, Limits).Select(piece => Fragments.Join(piece))];
        var reassembly = new Reassembly(Limits);
        ulong message = 7;
        FuzzRun.Run(
            (damaged, random) =>
            {
                if (Fragments.Split(damaged, Limits) is not { } frames)
                    return false;

                // Mostly the message that is begun, so that whole ones come out now and then.
                if (random.Next(40) == 0)
                    message = (ulong)random.Next(8);
                DecodeFault fault = reassembly.Add(frames, message, out byte[][]? whole);
                Assert.InRange(reassembly.HeldBytes, 0, Limits.MaxIncompleteBytes);
                Assert.True(whole is null || whole.Sum(frame => (long)frame.Length) <= Limits.MaxMessageBytes);
                return fault == DecodeFault.None;
            },
            pieces);
    }

    [Fact]
    public void A_refusal_of_a_handshake_is_read_as_one()
    {
        byte[][] good = [.. Enum.GetValues<PantryErrorCode>().Select(code => Encoding.UTF8.GetBytes(SessionRefusal.Write(code, "the key is not known")))];
        FuzzRun.Run(
            (damaged, _) =>
            {
                // As the handshake hands it over: printable, whatever came.
                string reason = string.Concat(Encoding.Latin1.GetString(damaged).Select(character => character is >= ' ' and <= '~' ? character : '?'));
                PantryException refused = SessionRefusal.Read(reason, "server", "key");
                Assert.DoesNotContain(refused.Message, char.IsControl);
                Assert.True(Enum.IsDefined(refused.Code));
                return true;
            },
            good);
    }

    private static bool Understands(IReadOnlyList<byte[]> frames, Senders sender)
    {
        var limits = new WireLimits();
        DecodeFault fault = MessageCodec.TryDecode(frames, sender, limits, out Message? message, out _);
        Assert.Equal(fault == DecodeFault.None, message is not null);
        if (message is null)
            return false;
        byte[][] again = MessageCodec.Encode(message);
        Assert.Equal(DecodeFault.None, MessageCodec.TryDecode(again, sender, limits, out _, out _));
        return true;
    }

    private static byte[] Header(MessageKind kind) => new MessageHeader(ProtocolVersion.Major, ProtocolVersion.Minor, kind, 7).ToBytes();

    private static (MessageKind Kind, byte[] Head) Golden(string kind) =>
        (Enum.Parse<MessageKind>(kind), Encoding.UTF8.GetBytes(File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Protocol", "Golden", $"{kind}.txt"))[1]));
}
