using Pantry.Configuration;
using Pantry.Files;
using Pantry.Security;

namespace Pantry.PowerShell.Results;

/// <summary>Writes what clients have offered into a directory for each of them.</summary>
internal sealed class ClientFolders(ITreeExchange trees, string destination, long? bytesPerSecond, FileLimits limits, CmdletOutput output, string what)
{
    /// <summary>The result with the directory that the client's files were written into; a failed one where they could not be.</summary>
    public async Task<CommandResult> FetchAsync(CommandResult result, CancellationToken cancellation)
    {
        if (result.Status != CommandStatus.Succeeded || result.Output is not [FileTransfer offered] || !ContentHash.TryParse(offered.Tree, out ContentHash digest))
            return result;
        try
        {
            Directory.CreateDirectory(destination);
            // A client's name is a name from outside like any other.
            string folder = PathGuard.Resolve(destination, result.Client);
            var progress = new BytesLine(output, what) { Step = $"Written of {DisplayText.FirstLine(result.Client, 100)}" };
            await using (progress.ConfigureAwait(false))
            {
                ByteRate? rate = bytesPerSecond is { } limit ? new ByteRate(limit, TimeProvider.System) : null;
                IOpenedTree tree = await trees.OpenAsync(digest, result.JobId, rate, cancellation).ConfigureAwait(false);
                await using (tree.ConfigureAwait(false))
                {
                    TreeChanges changes = await new TreeWriter(limits) { Progress = progress }.WriteAsync(tree.Tree, folder, tree, cancellation).ConfigureAwait(false);
                    return Result(result, CommandStatus.Succeeded, [offered with { Written = changes.Written, Unchanged = changes.Unchanged, Path = folder }], null);
                }
            }
        }
        catch (PantryException fault)
        {
            return Result(result, CommandStatus.Failed, [], new CommandError(fault.Code.ToString(), $"The client has offered its files, but they could not be fetched: {fault.Message}"));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return Result(result, CommandStatus.Failed, [], new CommandError(nameof(PantryErrorCode.StorageFailed), $"The client has offered its files, but they could not be written: {fault.Message}"));
        }
    }

    private static CommandResult Result(CommandResult offered, CommandStatus status, object?[] output, CommandError? error) => new()
    {
        Client = offered.Client,
        JobId = offered.JobId,
        Status = status,
        Output = output,
        Error = error,
        StartedAt = offered.StartedAt,
        Duration = offered.Duration,
    };
}
