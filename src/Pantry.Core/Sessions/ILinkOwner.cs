using Pantry.Protocol;
using Pantry.Transport;
using Pantry.Transport.Gates;

namespace Pantry.Sessions;

/// <summary>Whose link it is: what it says first, and what it does with what comes.</summary>
internal interface ILinkOwner
{
    int RunningJobs { get; }

    /// <summary>Whether the link is for chunks of files, which are larger than anything else.</summary>
    bool TakesChunks => false;

    LinkCredentials Credentials { get; }

    /// <summary>A refusal of the server as this side's user is to read it.</summary>
    PantryException Explain(PantryException refusal) => refusal;

    /// <summary>The message that introduces this side.</summary>
    (MessageKind Kind, object Head) Introduction();

    /// <summary>The server let us in; nothing is sent before this has ended.</summary>
    Task IntroducedAsync(ServerLink link, Message answer);

    /// <summary>The link can be used.</summary>
    /// <param name="link">The link.</param>
    /// <param name="lost">
    /// Cancelled before <see cref="Lost"/> when the link is lost, and whatever this does after that belongs to no link: the next one may be there already.
    /// </param>
    Task ReadyAsync(ServerLink link, CancellationToken lost);

    /// <summary>The link can't be used any more, until it is ready again. Called on the reading task: must not wait.</summary>
    void Lost(ServerLink link)
    {
    }

    /// <summary>A message that answers no request. Called on the reading task: must not wait.</summary>
    void Receive(ServerLink link, Message message);

    /// <summary>What was published on a topic, as it came. Called on the reading task: must not wait.</summary>
    void ReceivePublished(ServerLink link, TopicId topic, byte[] frame);

    /// <summary>
    /// A chunk of a file, as it came: nobody has opened it yet, and there may be no session. It is the owner's from then on. Called on the gate's task, beside the reading
    /// one: must not wait.
    /// </summary>
    void ReceiveChunk(HandedFrame frame) => frame.Dispose();

    /// <summary>Called with every heartbeat.</summary>
    Task BeatAsync(ServerLink link);

    /// <summary>The server refused to let this side in again. Nobody has sealed that where it came in a handshake: it is no proof.</summary>
    void Refused(PantryException why)
    {
    }
}
