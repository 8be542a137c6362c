using Pantry.Protocol;
using Pantry.Transport;

namespace Pantry.Sessions;

/// <summary>
/// Messages on their way to the server, each piece sealed when its turn has come. Large messages go one after the other, for
/// the server holds few incomplete ones; small ones slip in between their pieces.
/// </summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "A semaphore that is only waited for asynchronously holds nothing.")]
internal sealed class LinkSender(Func<byte[][], Task<SendOutcome>> send, WireLimits limits)
{
    private readonly SemaphoreSlim _sending = new(1);
    private readonly SemaphoreSlim _sendingLarge = new(1);

    /// <param name="message">The message.</param>
    /// <param name="channel">The session it belongs to.</param>
    /// <param name="isCurrent">Whether that session is still the link's: a piece of one that is over would only be refused.</param>
    public async Task<SendOutcome> SendAsync(Message message, MessageChannel channel, Func<bool> isCurrent)
    {
        if (message.Bodies.Sum(body => (long)body.Length) <= limits.FragmentBytes / 2)
            return await SendPiecesAsync(message, channel, isCurrent).ConfigureAwait(false);
        await _sendingLarge.WaitAsync().ConfigureAwait(false);
        try
        {
            return await SendPiecesAsync(message, channel, isCurrent).ConfigureAwait(false);
        }
        finally
        {
            _sendingLarge.Release();
        }
    }

    /// <summary>Does something while nothing is sent.</summary>
    public async Task HoldAsync(Func<Task> work, CancellationToken cancellation)
    {
        await _sending.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await work().ConfigureAwait(false);
        }
        finally
        {
            _sending.Release();
        }
    }

    private async Task<SendOutcome> SendPiecesAsync(Message message, MessageChannel channel, Func<bool> isCurrent)
    {
        foreach (byte[][] piece in channel.Cut(message))
        {
            await _sending.WaitAsync().ConfigureAwait(false);
            try
            {
                if (!isCurrent() || channel.Seal(piece) is not { } frames)
                    return SendOutcome.Unreachable;
                SendOutcome outcome = await send(frames).ConfigureAwait(false);
                if (outcome != SendOutcome.Sent)
                    return outcome;
            }
            finally
            {
                _sending.Release();
            }
        }

        return SendOutcome.Sent;
    }
}
