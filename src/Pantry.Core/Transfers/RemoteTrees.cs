using Microsoft.Extensions.Logging;
using Pantry.Configuration;
using Pantry.Files;
using Pantry.Transport;

namespace Pantry.Transfers;

/// <summary>Trees that go to and come from a server elsewhere, each over a session of its own on the port of files.</summary>
/// <param name="place">Where that port is, as the server says by now.</param>
/// <param name="loop">A loop to share; null for one of its own.</param>
/// <param name="options">Timeouts and limits.</param>
/// <param name="time">Clock.</param>
/// <param name="log">Log.</param>
internal sealed class RemoteTrees(Func<FilePlace> place, SocketLoop? loop, PantryOptions options, TimeProvider time, ILogger log) : ITreeExchange
{
    public Task<long> SendAsync(LocalTree tree, string? job, ByteRate? rate, IProgress<long>? progress, CancellationToken cancellation) =>
        TreeUpload.RunAsync(place(), tree, job, rate, progress, loop, options, time, log, cancellation);

    public async Task<IOpenedTree> OpenAsync(ContentHash digest, string? job, ByteRate? rate, CancellationToken cancellation) =>
        await TreeDownload.OpenAsync(place(), digest, job, rate, loop, options, time, log, cancellation).ConfigureAwait(false);
}
