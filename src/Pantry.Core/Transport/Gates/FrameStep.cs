namespace Pantry.Transport.Gates;

/// <summary>What a <see cref="FrameParser"/> made of some bytes.</summary>
/// <param name="Consumed">How many bytes were judged; on refusal the last of them is the offending one.</param>
/// <param name="Refusal">Why the connection must be closed, or <see cref="GateRefusal.None"/>.</param>
/// <param name="Pause">Why the parser stopped before the end of the bytes.</param>
internal readonly record struct FrameStep(int Consumed, GateRefusal Refusal, FramePause Pause);

/// <summary>Why a <see cref="FrameParser"/> stopped before the end of the bytes it was given.</summary>
internal enum FramePause
{
    /// <summary>It did not.</summary>
    None,

    /// <summary>
    /// A header announces bytes that must be granted first. The last consumed byte ends that header; it must not be
    /// forwarded before the grant, because the endpoint allocates the whole frame when it has the header.
    /// </summary>
    NeedsGrant,

    /// <summary>A message is complete; if it had a grant, that can be given back.</summary>
    MessageEnded,
}
