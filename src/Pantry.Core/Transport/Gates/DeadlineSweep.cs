using Microsoft.Extensions.Logging;

namespace Pantry.Transport.Gates;

/// <summary>Looks at deadlines again and again: one timer for a whole gate instead of several for each connection.</summary>
internal sealed class DeadlineSweep : IAsyncDisposable
{
    private readonly PeriodicTimer _timer;
    private readonly Task _run;

    public DeadlineSweep(TimeSpan period, TimeProvider time, Action look, ILogger log)
    {
        _timer = new PeriodicTimer(period, time);
        _run = Task.Run(() => RunAsync(look, log));
    }

    public async ValueTask DisposeAsync()
    {
        _timer.Dispose();
        await _run;
    }

    private async Task RunAsync(Action look, ILogger log)
    {
        while (await _timer.WaitForNextTickAsync())
        {
            try
            {
                look();
            }
            catch (Exception error)
            {
                // Without the sweep no deadline holds, so it survives whatever one look meets.
                log.LogError(error, "The gate's look at its deadlines failed.");
            }
        }
    }
}
