namespace Pantry.Sessions;

/// <summary>Protects a transport message on its way between two peers.</summary>
internal interface IMessageSeal
{
    /// <summary>The frames as they go over the wire.</summary>
    byte[][] Seal(byte[][] frames);

    /// <summary>The frames as they were sealed, or null where they were not sealed by the peer.</summary>
    byte[][]? Open(byte[][] sealedFrames);
}

/// <summary>No protection: allowed only where every address is loopback.</summary>
internal sealed class ClearSeal : IMessageSeal
{
    public byte[][] Seal(byte[][] frames) => frames;

    public byte[][]? Open(byte[][] sealedFrames) => sealedFrames;
}
