using Pantry.Targeting;

namespace Pantry.Protocol;

/// <summary>A client asks to be let in.</summary>
/// <param name="Labels">What the client says it is.</param>
/// <param name="Instance">Random id of this run of the client, so that its own reconnect is not taken for a rival.</param>
/// <param name="PantryVersion">Version of Pantry on the client.</param>
/// <param name="Enrollment">Id of the enrolment used, where there was one.</param>
/// <param name="Commands">Names of the commands the client offers.</param>
/// <param name="Facts">What the client reports about its machine.</param>
internal sealed record Register(
    ClientLabels Labels, string Instance, string PantryVersion, string? Enrollment, IReadOnlyList<string> Commands, ClientFacts? Facts);

/// <summary>The client is let in.</summary>
/// <param name="Status">Approved or Pending.</param>
/// <param name="Topics">Ids to subscribe to, in this order.</param>
/// <param name="OrderNumber">Orders published up to this number are not for this client: it was not yet counted among their targets.</param>
/// <param name="HeartbeatSeconds">How often the server wants to hear from the client.</param>
/// <param name="DeadAfterSeconds">Silence after which either side takes the link for dead.</param>
/// <param name="ServerVersion">Version of Pantry on the server.</param>
/// <param name="ServerTime">The server's clock.</param>
internal sealed record Registered(
    RegistrationStatus Status, IReadOnlyList<byte[]> Topics, long OrderNumber, double HeartbeatSeconds, double DeadAfterSeconds,
    string ServerVersion, DateTimeOffset ServerTime);

/// <summary>The client's facts have changed.</summary>
internal sealed record FactsReport(ClientFacts Facts);
