namespace Pantry.Configuration;

/// <summary>Limits of files that are sent. What must hold between them: <see cref="MaxChunkWindow"/> is at least one chunk.</summary>
internal sealed record FileLimits
{
    /// <summary>Files and directories of one tree.</summary>
    public int MaxEntries { get; init; } = 250_000;

    /// <summary>Levels of directories.</summary>
    public int MaxDepth { get; init; } = 64;

    /// <summary>Bytes of a tree's manifest: some 800,000 chunks.</summary>
    public int MaxManifestBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Bytes of all files of a tree.</summary>
    public long MaxTreeBytes { get; init; } = 256L * 1024 * 1024 * 1024;

    /// <summary>Bytes that a receiver asks for ahead of what it has written.</summary>
    public int MaxChunkWindow { get; init; } = 8 * 1024 * 1024;

    /// <summary>Chunks that a receiver asks for ahead, however small they are.</summary>
    public int MaxChunksAhead { get; init; } = 4096;

    /// <summary>Files that a receiver writes at the same time.</summary>
    public int ParallelFiles { get; init; } = 4;

    /// <summary>How long a server keeps what operators sent and clients offered, after the last time that it was wanted.</summary>
    public TimeSpan TreeKeep { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Bytes that a server's peers may ask for ahead, all together as far as their number lets it: with many, each has a smaller window.</summary>
    public long SharedWindow { get; init; } = 32L * 1024 * 1024;

    /// <summary>Bytes of chunks that are under way from a server to all its peers, beyond what they have said to have.</summary>
    public long ServerWindow { get; init; } = 256L * 1024 * 1024;

    /// <summary>Trees that a server keeps for operators and jobs; more are refused.</summary>
    public int MaxTrees { get; init; } = 100_000;

    /// <summary>Manifests that a server reads at the same time: each can take some hundred megabytes.</summary>
    public int ParallelManifests { get; init; } = 2;

    /// <summary>Trees that peers bring to a server at the same time; more are refused.</summary>
    public int MaxUploads { get; init; } = 256;

    /// <summary>Bytes that a server's disk must have left after a tree has come.</summary>
    public long ReservedDisk { get; init; } = 64L * 1024 * 1024;

    /// <summary>After so many bytes what a receiver has got is put on the disk, so that no more is lost when it is killed.</summary>
    public int FlushBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>What nothing uses is kept for so long: a tree that is just being sent is not named anywhere yet.</summary>
    public TimeSpan UnusedGrace { get; init; } = TimeSpan.FromHours(24);
}
