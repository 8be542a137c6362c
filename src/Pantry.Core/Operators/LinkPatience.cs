using Pantry.Configuration;

namespace Pantry.Operators;

/// <summary>
/// How long one who asks a server again and again bears with a link that is lost. It comes back by itself, and what is asked
/// about goes on meanwhile.
/// </summary>
internal sealed class LinkPatience(PantryOptions options, TimeProvider time)
{
    private long? _lostAt;

    /// <summary>The answer. Null, after a pause, where the link was lost; then it is to be asked again.</summary>
    /// <exception cref="PantryException">It has been lost for too long, or the server refused.</exception>
    public async Task<T?> TryAsync<T>(Func<Task<T>> ask, CancellationToken cancellation)
        where T : class
    {
        try
        {
            T answer = await ask().ConfigureAwait(false);
            _lostAt = null;
            return answer;
        }
        catch (PantryException lost) when (lost.Code is PantryErrorCode.ConnectionLost or PantryErrorCode.TimedOut)
        {
            _lostAt ??= time.GetTimestamp();
            if (time.GetElapsedTime(_lostAt.Value) > options.ReattachTimeout)
                throw;
        }

        await Task.Delay(options.HeartbeatInterval / 5, time, cancellation).ConfigureAwait(false);
        return null;
    }
}
