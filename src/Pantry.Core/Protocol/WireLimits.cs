namespace Pantry.Protocol;

/// <summary>
/// Caps of the wire. A message larger than <see cref="FragmentBytes"/> travels in fragments, so that no peer can make
/// the other side hold more than a fragment before it is known, and big output delays nobody.
/// </summary>
internal sealed record WireLimits
{
    /// <summary>Payload of one transport message; larger messages are cut.</summary>
    public int FragmentBytes { get; init; } = 48 * 1024;

    /// <summary>Largest message, after its fragments are put together.</summary>
    public int MaxMessageBytes { get; init; } = 24 * 1024 * 1024;

    /// <summary>Largest chunk of a file; each is one transport message on the file port.</summary>
    public int MaxChunkBytes { get; init; } = 1024 * 1024;

    /// <summary>Largest order, arguments included; orders are published whole.</summary>
    public int MaxOrderBytes { get; init; } = 1024 * 1024;

    /// <summary>Largest statement of an order: the digests of a hundred thousand names' lists.</summary>
    public int MaxStatementBytes { get; init; } = 64 * 1024;

    /// <summary>Largest head: a list of a hundred thousand names.</summary>
    public int MaxHeadBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>Largest registration or report of facts; less than a fragment, so that a peer can introduce itself in one.</summary>
    public int MaxRegistrationBytes { get; init; } = 32 * 1024;

    /// <summary>Largest head of a result: small enough to be a row's, however its characters are written then.</summary>
    public int MaxResultHeadBytes { get; init; } = 64 * 1024;

    /// <summary>Largest output of a result, all bodies together, so that its row is still a message.</summary>
    public int MaxResultBytes => MaxMessageBytes - (8 * MaxResultHeadBytes);

    /// <summary>Characters of a result's error message; the output has the rest.</summary>
    public int MaxErrorCharacters => MaxResultHeadBytes / 8;

    /// <summary>Frames of one message: header, head and bodies.</summary>
    public int MaxFrames { get; init; } = 16;

    /// <summary>Messages of one peer that may be incomplete at the same time.</summary>
    public int MaxIncompleteMessages { get; init; } = 8;

    /// <summary>Bytes of incomplete messages held for one peer.</summary>
    public int MaxIncompleteBytes { get; init; } = 64 * 1024 * 1024;
}
