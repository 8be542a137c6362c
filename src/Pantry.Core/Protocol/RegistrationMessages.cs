using Pantry.Targeting;

namespace Pantry.Protocol;

/// <summary>Sent with the key of an enrolment: lets the client's own key in, once.</summary>
/// <param name="Key">The client's own public key, in Z85.</param>
/// <param name="Identity">What the client is called, where the enrolment leaves it open.</param>
internal sealed record Redeem(string Key, string Identity);

/// <summary>The client's own key is approved under these labels.</summary>
/// <param name="Labels">What the client is from now on.</param>
/// <param name="RootKey">The fleet's root key, SubjectPublicKeyInfo.</param>
internal sealed record Redeemed(ClientLabels Labels, byte[] RootKey);

/// <summary>A client asks to be let in.</summary>
/// <param name="Labels">What the client says it is.</param>
/// <param name="Instance">Random id of this run of the client, so that its own reconnect is not taken for a rival.</param>
/// <param name="PantryVersion">Version of Pantry on the client.</param>
/// <param name="Token">A one-time token that lets an unknown key in.</param>
/// <param name="BundleSerial">Serial of the trust bundle the client has; 0 for none.</param>
/// <param name="Commands">Names of the commands the client offers.</param>
/// <param name="Facts">What the client reports about its machine.</param>
/// <param name="ClientTime">The client's clock.</param>
internal sealed record Register(
    ClientLabels Labels, string Instance, string PantryVersion, string? Token, long BundleSerial, IReadOnlyList<string> Commands, ClientFacts? Facts,
    DateTimeOffset ClientTime);

/// <summary>The client is let in, or waits for approval. Body 0 holds the trust bundle where the client's is older.</summary>
/// <param name="Status">Approved or Pending.</param>
/// <param name="Labels">What the client is approved as; null while it is not.</param>
/// <param name="Topics">Topics to subscribe to, in this order, and the keys of what is published there.</param>
/// <param name="OrderNumber">Orders published up to this number are not for this client: it was not yet counted among their targets.</param>
/// <param name="HeartbeatSeconds">How often the server wants to hear from the client.</param>
/// <param name="DeadAfterSeconds">Silence after which either side takes the link for dead.</param>
/// <param name="ServerVersion">Version of Pantry on the server.</param>
/// <param name="ServerTime">The server's clock.</param>
/// <param name="RootKey">The fleet's root key, SubjectPublicKeyInfo.</param>
/// <param name="FilePort">Port of files; 0 where the server has none.</param>
internal sealed record Registered(
    RegistrationStatus Status, ClientLabels? Labels, IReadOnlyList<TopicGrant> Topics, long OrderNumber, double HeartbeatSeconds, double DeadAfterSeconds,
    string ServerVersion, DateTimeOffset ServerTime, byte[] RootKey, int FilePort = 0);

/// <summary>A topic and the key of what is published on it.</summary>
/// <param name="Id">16 bytes.</param>
/// <param name="Epoch">Grows with every new key of the stream.</param>
/// <param name="Key">32 bytes, AES-256-GCM.</param>
internal sealed record TopicGrant(byte[] Id, uint Epoch, byte[] Key);

/// <summary>The client's topics have new keys: these take the place of all before.</summary>
internal sealed record TopicsChanged(IReadOnlyList<TopicGrant> Topics);

/// <summary>Body 0 holds a new trust bundle.</summary>
internal sealed record BundleChanged(long Serial);

/// <summary>The client's facts have changed.</summary>
internal sealed record FactsReport(ClientFacts Facts);
