using Pantry.Configuration;
using Pantry.Files;
using Pantry.Protocol;

namespace Pantry.Commands;

/// <summary>Offers files of this client to the server, which takes what it lacks. To do it twice does no harm.</summary>
internal sealed class OfferFilesCommand(ITreeExchange trees, FileLimits limits, TimeProvider time) : ICommand
{
    public string Name => FileOrders.Offer;

    public bool IsRepeatable => true;

    public async Task<CommandOutcome> RunAsync(CommandContext context, CancellationToken cancellation)
    {
        if (FileOrders.ReadOffer(context.Arguments) is not { Paths.Count: > 0 } arguments || arguments.BytesPerSecond <= 0)
            return CommandOutcome.Failed(nameof(PantryErrorCode.InvalidArgument), $"The arguments of {Name} are not what it takes. Use Receive-PantryFile.");
        TreeItem[] items = [.. arguments.Paths.SelectMany(path => PathPattern.Expand(path, arguments.Literal)).Distinct()];
        using LocalTree tree = new TreeReader(limits) { Exclude = [.. arguments.Exclude ?? []], KeepsAcls = arguments.KeepAcl }.Read(items, cancellation);
        if (tree.Tree.Size > arguments.MaxBytes)
        {
            return CommandOutcome.Failed(nameof(PantryErrorCode.LimitReached),
                $"The files have {tree.Tree.Size:N0} bytes; the order allows {arguments.MaxBytes:N0}. Name fewer, leave some out with -Exclude, or allow more with -MaxBytes.");
        }

        ByteRate? rate = arguments.BytesPerSecond is { } bytes ? new ByteRate(bytes, time) : null;
        long sent = await trees.SendAsync(tree, context.JobId, rate, progress: null, cancellation).ConfigureAwait(false);
        return FilesOutput.Of(tree.Tree, written: 0, unchanged: 0, sent);
    }
}
