namespace Pantry.Files;

/// <summary>A tree that can be fetched.</summary>
internal interface IOpenedTree : IChunkSource, IAsyncDisposable
{
    FileTree Tree { get; }

    /// <summary>Bytes of chunks that have come over the network.</summary>
    long ReceivedBytes { get; }
}
