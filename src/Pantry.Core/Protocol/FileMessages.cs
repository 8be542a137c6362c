namespace Pantry.Protocol;

/// <summary>A client or operator opens a session on the file port.</summary>
internal sealed record OpenFiles(string PantryVersion);

/// <summary>The session is open.</summary>
/// <param name="ServerTime">The server's clock.</param>
/// <param name="HeartbeatSeconds">How often the server wants to hear from the peer.</param>
/// <param name="DeadAfterSeconds">Silence after which either side takes the link for dead.</param>
/// <param name="ServerKey">32 bytes, AES-256-GCM: of the chunks that the server sends in this session.</param>
/// <param name="PeerKey">32 bytes: of those that the peer sends.</param>
/// <param name="Window">Bytes of chunks that the peer may have asked for and not had yet.</param>
internal sealed record FilesOpened(DateTimeOffset ServerTime, double HeartbeatSeconds, double DeadAfterSeconds, byte[] ServerKey, byte[] PeerKey, int Window);

/// <summary>The peer wants to have a tree.</summary>
/// <param name="Tree">Digest of its manifest, in hexadecimal digits.</param>
/// <param name="Job">The job that it belongs to; null where the peer may have it for another reason.</param>
/// <param name="WithManifest">Whether the manifest is to come too.</param>
internal sealed record ReadTree(string Tree, string? Job, bool WithManifest = true);

/// <summary>The peer may have it. Body 0 holds a part of the manifest; more follow until <paramref name="Last"/>.</summary>
internal sealed record TreePart(long Transfer, bool Last);

/// <summary>The peer has a tree for the server. Body 0 holds a part of its manifest; more follow, with the same number, until <paramref name="Last"/>.</summary>
/// <param name="Tree">Digest of its manifest, in hexadecimal digits.</param>
/// <param name="Job">The job that wants it; null for what an operator sends.</param>
/// <param name="Last">Whether this is the last part.</param>
internal sealed record WriteTree(string Tree, string? Job, bool Last);

/// <summary>The server takes the tree, and asks for the chunks that it lacks.</summary>
internal sealed record TreeAccepted(long Transfer, int MissingChunks, long MissingBytes);

/// <summary>Whoever receives asks for chunks. Body 0: hash, 32 bytes, and length, 4 bytes, of each.</summary>
/// <param name="Transfer">The transfer.</param>
/// <param name="First">Number of the first of them; numbers only grow in a transfer.</param>
/// <param name="Received">How many chunks of the transfer have come so far.</param>
internal sealed record AskChunks(long Transfer, long First, long Received);

/// <summary>A chunk that was asked for cannot be sent.</summary>
internal sealed record ChunkRefused(long Transfer, long Number, string Code, string Message);

/// <summary>A transfer is over: all is there, or, with a fault, it cannot go on.</summary>
internal sealed record EndTransfer(long Transfer, Refused? Fault = null);
