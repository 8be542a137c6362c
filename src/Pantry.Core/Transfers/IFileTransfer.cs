using Pantry.Protocol;
using Pantry.Transport.Gates;

namespace Pantry.Transfers;

/// <summary>What goes on over a session of the file port, on this side of the server: one transfer, on one link after the other.</summary>
internal interface IFileTransfer
{
    /// <summary>There is a link: begins, or goes on where the last one was lost.</summary>
    /// <param name="session">The session.</param>
    /// <param name="lost">Cancelled before <see cref="Lost"/> when the link is lost.</param>
    Task BeginAsync(FileSession session, CancellationToken lost);

    /// <summary>The link is lost; another one is being dialled. Must not wait.</summary>
    void Lost();

    /// <summary>A message that answers no request. Must not wait.</summary>
    void Receive(FileSession session, Message message);

    /// <summary>A chunk, as it came; it is the transfer's from then on. Must not wait.</summary>
    void ReceiveChunk(FileSession session, HandedFrame frame);

    /// <summary>It cannot go on.</summary>
    void Fail(PantryException why);
}
