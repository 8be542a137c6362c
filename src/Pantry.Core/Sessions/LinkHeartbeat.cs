using Microsoft.Extensions.Logging;
using Pantry.Protocol;

namespace Pantry.Sessions;

/// <summary>Shows the server that this side is there, asks for new keys when it is time, and gives up a connection on which the server is silent.</summary>
internal sealed class LinkHeartbeat(LinkContext context, LinkLine line)
{
    private TimeSpan _period = context.Options.HeartbeatInterval;
    private TimeSpan _deadAfter = context.Options.DeadAfter;
    private long _lastHeard;

    /// <summary>The server gave a sign of life, or there is a new connection to it.</summary>
    public void Heard() => Volatile.Write(ref _lastHeard, context.Time.GetTimestamp());

    /// <summary>The server says how often it wants to be heard, and what silence means.</summary>
    public void TakeTimes(Message answer)
    {
        (double heartbeat, double deadAfter) = answer.Head switch
        {
            Registered registered => (registered.HeartbeatSeconds, registered.DeadAfterSeconds),
            Connected connected => (connected.HeartbeatSeconds, connected.DeadAfterSeconds),
            FilesOpened opened => (opened.HeartbeatSeconds, opened.DeadAfterSeconds),
            _ => (0, 0),
        };
        if (heartbeat is >= 0.05 and <= 300 && deadAfter >= 2 * heartbeat)
            (_period, _deadAfter) = (TimeSpan.FromSeconds(heartbeat), TimeSpan.FromSeconds(Math.Min(deadAfter, 3600)));
    }

    /// <param name="link">The link, for its owner.</param>
    /// <param name="isReady">Whether the server has let this side in.</param>
    /// <param name="stopping">Ends it.</param>
    public async Task RunAsync(ServerLink link, Func<bool> isReady, CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(_period, context.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping).ConfigureAwait(false))
            {
                timer.Period = _period;
                if (!line.IsUp)
                    continue;
                if (context.Time.GetElapsedTime(Volatile.Read(ref _lastHeard)) > _deadAfter)
                {
                    context.Log.LogWarning("The server {Server} has been silent for {Seconds} s; dialling anew.", context.Server, _deadAfter.TotalSeconds);
                    line.Redial();
                }
                else if (isReady())
                {
                    await line.RenewAsync(stopping).ConfigureAwait(false);
                    await line.SendAsync(new Message(MessageKind.Heartbeat, new Heartbeat(context.Owner.RunningJobs))).ConfigureAwait(false);
                    await context.GuardedAsync(() => context.Owner.BeatAsync(link)).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The link stops.
        }
    }
}
