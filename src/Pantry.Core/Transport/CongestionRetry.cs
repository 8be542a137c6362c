namespace Pantry.Transport;

/// <summary>Sends on the loop; a peer whose queue is full is given time, with growing pauses.</summary>
internal static class CongestionRetry
{
    public static async Task<SendOutcome> SendAsync(SocketLoop loop, Func<SendOutcome> send, CancellationToken deadline)
    {
        try
        {
            for (int pause = 5; ; pause = Math.Min(pause * 2, 200))
            {
                SendOutcome outcome = await loop.InvokeAsync(send, deadline).ConfigureAwait(false);
                if (outcome != SendOutcome.Congested)
                    return outcome;
                await Task.Delay(pause, deadline).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            return SendOutcome.Congested;
        }
        catch (PantryException stopped) when (stopped.Code == PantryErrorCode.Stopped)
        {
            return SendOutcome.Closed;
        }
    }
}
