using Microsoft.Extensions.Logging;
using Pantry.Configuration;
using Pantry.Transport;

namespace Pantry.Sessions;

/// <summary>What the parts of a link to a server share.</summary>
/// <param name="Server">Where the server is.</param>
/// <param name="Owner">Whose link it is.</param>
/// <param name="Options">Times and limits.</param>
/// <param name="Time">Clock.</param>
/// <param name="Log">Log.</param>
internal sealed record LinkContext(ServerAddress Server, ILinkOwner Owner, PantryOptions Options, TimeProvider Time, ILogger Log)
{
    public LinkSession NewSession(LinkSession? before) => new(Owner.Credentials, Server.ToString(), Options, Time, before?.Unanswered ?? 0);

    public PantryException Lost() => new(PantryErrorCode.ConnectionLost, $"The link to the server {Server} was lost; it is being dialled again.");

    /// <summary>Lets the owner do something whose failure must end neither the heartbeat nor the link.</summary>
    public async Task GuardedAsync(Func<Task> owners)
    {
        try
        {
            await owners().ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            Log.LogError(exception, "The owner of the link to {Server} failed.", Server);
        }
    }
}
