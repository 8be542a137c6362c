using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Sessions;

namespace Pantry.Client;

/// <summary>Asks the server for the plan of a job, again where the link is lost in between.</summary>
internal sealed class PlanRequests(Func<ServerLink?> link, PantryOptions options, TimeProvider time)
{
    /// <exception cref="PantryException">No plan is fixed for this client, or the server was away for too long.</exception>
    public async Task<byte[]> ReadAsync(string job, CancellationToken cancellation)
    {
        long begun = time.GetTimestamp();
        while (true)
        {
            try
            {
                ServerLink now = link() ?? throw new PantryException(PantryErrorCode.ConnectionLost, "There is no link to the server.");
                return (await now.RequestAsync(MessageKind.ReadPlan, new ReadPlan(job), [], options.RequestTimeout, cancellation).ConfigureAwait(false)).Body(0);
            }
            catch (PantryException lost) when (lost.Code is PantryErrorCode.ConnectionLost or PantryErrorCode.TimedOut && time.GetElapsedTime(begun) < options.ReattachTimeout)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), time, cancellation).ConfigureAwait(false);
            }
        }
    }
}
