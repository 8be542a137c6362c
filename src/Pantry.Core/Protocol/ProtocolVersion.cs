namespace Pantry.Protocol;

/// <summary>The version of the protocol this Pantry speaks; see docs/protocol.md.</summary>
internal static class ProtocolVersion
{
    /// <summary>Peers of another major version are told so and refused.</summary>
    public const byte Major = 1;

    /// <summary>Not compared: a peer ignores properties it does not know, so other minor versions work together.</summary>
    public const byte Minor = 0;

    public static string Text => $"{Major}.{Minor}";

    public static bool Understands(byte major) => major == Major;
}
