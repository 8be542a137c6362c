using System.Text.Json;
using Pantry.Configuration;
using Pantry.Files;
using Pantry.Protocol;

namespace Pantry.Commands;

/// <summary>
/// Fetches a tree from the server and writes it into a directory. To do it twice does no harm, and a client that was killed in the middle goes on where it
/// had come to, so it needs no place in the journal.
/// </summary>
internal sealed class ReceiveFilesCommand(ITreeExchange trees, HeldTrees held, FileLimits limits, TimeProvider time) : ICommand
{
    public string Name => FileOrders.Receive;

    public bool IsRepeatable => true;

    public async Task<CommandOutcome> RunAsync(CommandContext context, CancellationToken cancellation)
    {
        if (FileOrders.ReadReceive(context.Arguments) is not { } arguments || !ContentHash.TryParse(arguments.Tree, out ContentHash digest) || arguments.BytesPerSecond <= 0)
            return CommandOutcome.Failed(nameof(PantryErrorCode.InvalidArgument), $"The arguments of {Name} are not what it takes. Use Send-PantryFile.");
        if (!Path.IsPathFullyQualified(arguments.Destination))
        {
            return CommandOutcome.Failed(nameof(PantryErrorCode.InvalidArgument),
                $"The destination '{DisplayText.FirstLine(arguments.Destination, 200)}' is no full path on this client, which has no current directory. Give the path from the root on.");
        }

        ByteRate? rate = arguments.BytesPerSecond is { } bytes ? new ByteRate(bytes, time) : null;
        IOpenedTree tree = await trees.OpenAsync(digest, context.JobId, rate, cancellation).ConfigureAwait(false);
        await using (tree.ConfigureAwait(false))
        {
            string destination = Path.GetFullPath(arguments.Destination);
            TreeChanges changes = await new TreeWriter(limits) { Held = held.All() }.WriteAsync(tree.Tree, destination, tree, cancellation).ConfigureAwait(false);
            held.Add(destination, tree.Tree);
            return FilesOutput.Of(tree.Tree, changes.Written, changes.Unchanged, tree.ReceivedBytes);
        }
    }
}

/// <summary>What a transfer's result says.</summary>
internal static class FilesOutput
{
    public static CommandOutcome Of(FileTree tree, int written, int unchanged, long sent) => new()
    {
        Output = JsonSerializer.SerializeToUtf8Bytes(
            new FilesOutcome(tree.Digest.ToString(), tree.Files.Count(), tree.Size, written, unchanged, sent), FileOrderJson.Default.FilesOutcome),
        Format = BodyFormat.Json,
    };
}
