namespace Pantry.Files;

/// <summary>Where trees go to and come from: a server in the same process, or one elsewhere.</summary>
internal interface ITreeExchange
{
    /// <summary>Has the server take a tree, of which only what it lacks is sent.</summary>
    /// <param name="tree">The tree.</param>
    /// <param name="job">The job that wants it; null for what an operator sends.</param>
    /// <param name="rate">How fast; null for as fast as it goes.</param>
    /// <param name="progress">Told how many bytes were sent so far, now and then.</param>
    /// <param name="cancellation">Ends it; what was sent is kept.</param>
    /// <returns>Bytes that were sent.</returns>
    /// <exception cref="PantryException">The server refuses it, a file has changed, or the server was not reached.</exception>
    Task<long> SendAsync(LocalTree tree, string? job, ByteRate? rate, IProgress<long>? progress, CancellationToken cancellation);

    /// <summary>Opens a tree that the server has.</summary>
    /// <param name="digest">Digest of its manifest.</param>
    /// <param name="job">The job that it belongs to.</param>
    /// <param name="rate">How fast; null for as fast as it goes.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="PantryException">This side may not have it, it is not there, or the server was not reached.</exception>
    Task<IOpenedTree> OpenAsync(ContentHash digest, string? job, ByteRate? rate, CancellationToken cancellation);
}
