namespace Pantry.Transport.Gates;

/// <summary>
/// The greeting of ZMTP 3.0 with the NULL mechanism, and what each of its 64 bytes may be.
/// </summary>
/// <remarks>
/// NetMQ and libzmq put "length of identity + 1" into the eight bytes of padding (so that ZMTP 1.0 peers can read them);
/// without an identity that is 1, and the specification's own examples have 0. Both are accepted, nothing else is.
/// libzmq greets with 3.1. A peer must speak the lower of both versions, and we greet with 3.0, so 3.1 is accepted as a
/// greeting; the commands that 3.1 added (PING, SUBSCRIBE) are refused like every other command.
/// </remarks>
internal static class ZmtpGreeting
{
    public const int Length = 64;

    private const int MajorAt = 10;
    private const int MinorAt = 11;
    private const int MechanismAt = 12;
    private const int AsServerAt = 32;

    private static ReadOnlySpan<byte> NullMechanism => "NULL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"u8;

    /// <summary>Writes our greeting.</summary>
    public static void Write(Span<byte> target)
    {
        target[..Length].Clear();
        target[0] = 0xff;
        target[8] = 1;
        target[9] = 0x7f;
        target[MajorAt] = 3;
        NullMechanism.CopyTo(target[MechanismAt..]);
    }

    /// <summary>Judges the newest byte of a greeting, so that a wrong one is refused at its first wrong byte.</summary>
    /// <param name="soFar">The greeting as far as it came, the newest byte last.</param>
    public static GateRefusal Check(ReadOnlySpan<byte> soFar)
    {
        int at = soFar.Length - 1;
        byte value = soFar[at];
        return at switch
        {
            0 => Unless(value == 0xff, GateRefusal.NotZmtp),
            < 8 => Unless(value == 0, GateRefusal.NotZmtp),
            8 => Unless(value <= 1, GateRefusal.NotZmtp),
            9 => Unless(value == 0x7f, GateRefusal.NotZmtp),
            MajorAt => Unless(value == 3, GateRefusal.WrongVersion),
            MinorAt => Unless(value <= 1, GateRefusal.WrongVersion),
            // Judged as a whole: the name is worth having in the error.
            < AsServerAt - 1 => GateRefusal.None,
            AsServerAt - 1 => Unless(soFar[MechanismAt..].SequenceEqual(NullMechanism), GateRefusal.WrongMechanism),
            _ => Unless(value == 0, GateRefusal.MalformedGreeting),
        };
    }

    /// <summary>Version as far as it is in the greeting.</summary>
    public static string Version(ReadOnlySpan<byte> greeting) =>
        greeting.Length > MinorAt ? $"{greeting[MajorAt]}.{greeting[MinorAt]}" : $"{greeting[MajorAt]}";

    /// <summary>Name of the mechanism in the greeting.</summary>
    public static string Mechanism(ReadOnlySpan<byte> greeting) =>
        PrintableBytes.Show(greeting[MechanismAt..AsServerAt].TrimEnd((byte)0));

    private static GateRefusal Unless(bool right, GateRefusal refusal) => right ? GateRefusal.None : refusal;
}
