using Pantry.Security;
using Pantry.Targeting;
using Pantry.Transport;

namespace Pantry.Server;

/// <summary>What the server knows of one client. Changed under the registry's lock only.</summary>
internal sealed class ClientRecord(PublicKey key, ClientLabels labels)
{
    /// <summary>The approved key: who holds it is this client.</summary>
    public PublicKey Key { get; } = key;

    public ClientLabels Labels { get; set; } = labels;

    public string Instance { get; set; } = "";

    public ClientStatus Status { get; set; }

    public DateTimeOffset? LastSeen { get; set; }

    /// <summary>Timestamp of its last word: clocks are set, and say nothing of how long it has been silent.</summary>
    public long HeardAt { get; set; }

    public ClientFacts? Facts { get; set; }

    /// <summary>Whether it was there when the server ended, and has not come back yet.</summary>
    public bool Awaited { get; set; }

    public IReadOnlyList<string> Commands { get; set; } = [];

    /// <summary>The session the client speaks through; null while it is offline.</summary>
    public ServerSession? Session { get; set; }

    /// <summary>The topic of this registration's identity; new for each, so that an old subscriber hears nothing more.</summary>
    public TopicId IdentityTopic { get; set; }

    /// <summary>Timestamp of the last audit record about its clock.</summary>
    public long? ClockNotedAt { get; set; }

    /// <summary>Number of the newest order when the client registered: published ones up to it are none of its own.</summary>
    public long OrderNumber { get; set; }

    /// <summary>Whether published orders reach the client.</summary>
    public bool HearsPublished { get; set; }

    public string Identity => Labels.Identity;

    public ClientInfo ToInfo() => new()
    {
        Identity = Labels.Identity,
        Application = Labels.Application,
        Environment = Labels.Environment,
        Roles = Labels.Roles,
        Status = Status,
        LastSeen = LastSeen,
        Facts = Facts,
        Fingerprint = Key.Fingerprint,
        PublicKey = Key.ToString(),
        Streams = Labels.ShownStreams(),
    };
}
