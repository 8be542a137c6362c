using Pantry.Protocol;
using Pantry.Transport.Gates;

namespace Pantry.Transport;

/// <summary>What each gate lets through, in terms of Pantry's wire limits.</summary>
internal static class Profiles
{
    /// <summary>What of a chunk a gate reads or writes in one go.</summary>
    public const int ChunkPieceBytes = 512 * 1024;

    // Header frames, seals and lengths, beyond the payload.
    private const int Overhead = 16 * 1024;

    // Tags, with keys to secrets, of the targets that one order names, and the tags of those whose turn it is in base 64.
    private const int MaxListsBytes = 8 * 256 * (64 + 22);

    /// <summary>Server, answers: fragments at most, so a stranger can make nobody hold more.</summary>
    public static GateProfile Receive(WireLimits wire) => Sized(GateProfile.Receive(), wire.FragmentBytes, wire);

    /// <summary>Client, answers.</summary>
    public static GateProfile Answer(WireLimits wire) => Sized(GateProfile.Answer(), wire.FragmentBytes, wire);

    /// <summary>Server, files: a chunk at most.</summary>
    public static GateProfile ReceiveFiles(WireLimits wire) => Sized(GateProfile.Receive(), wire.MaxChunkBytes, wire);

    /// <summary>Client, files.</summary>
    public static GateProfile AnswerFiles(WireLimits wire) => Sized(GateProfile.Answer(), wire.MaxChunkBytes, wire);

    /// <summary>Client, orders: these are published whole.</summary>
    public static GateProfile Subscribe(WireLimits wire) => Sized(GateProfile.Subscribe(), wire.MaxOrderBytes + wire.MaxStatementBytes + MaxListsBytes + wire.FragmentBytes, wire);

    private static GateProfile Sized(GateProfile profile, int payload, WireLimits wire) => profile with
    {
        MaxFrameBytes = payload + Overhead,
        MaxMessageBytes = payload + Overhead,
        MaxFramesPerMessage = wire.MaxFrames + 1,
    };
}
