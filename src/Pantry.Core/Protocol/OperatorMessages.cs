using Pantry.Targeting;

namespace Pantry.Protocol;

/// <summary>An operator's console opens a session.</summary>
internal sealed record Connect(string Console, string PantryVersion);

/// <summary>The session is open.</summary>
/// <param name="Operator">Name of the operator whose key it is.</param>
/// <param name="Network">Id of the fleet, which orders name.</param>
/// <param name="ServerVersion">Version of Pantry on the server.</param>
/// <param name="ServerTime">The server's clock.</param>
/// <param name="HeartbeatSeconds">How often the server wants to hear from the console.</param>
/// <param name="DeadAfterSeconds">Silence after which either side takes the link for dead.</param>
/// <param name="FilePort">Port of files; 0 where the server has none.</param>
internal sealed record Connected(
    string Operator, string Network, string ServerVersion, DateTimeOffset ServerTime, double HeartbeatSeconds, double DeadAfterSeconds, int FilePort = 0);

/// <summary>Which clients are there?</summary>
internal sealed record ListClients(ClientFilter Filter);

/// <summary>Clients that match; more pages follow until <paramref name="Last"/>.</summary>
internal sealed record ClientPage(IReadOnlyList<ClientInfo> Clients, bool Last);

/// <summary>Start a job. Bodies: the signed statement, the arguments, the sealed secrets, the entries of all listed targets.</summary>
internal sealed record StartJob(byte[] Signature, Target Target, double DeliverySeconds, RolloutPlan Plan);

/// <summary>The job is accepted and these are its targets: each gets exactly one row.</summary>
internal sealed record JobStarted(string Job, IReadOnlyList<string> Targets);

/// <summary>One row of a job; rows are numbered from 0. Bodies as in <see cref="Result"/>.</summary>
internal sealed record Row(string Job, int Number, string Client, TimeSpan? RoundTrip, Result Result);

/// <summary>The console has taken the rows below <paramref name="Next"/>: more may be sent.</summary>
internal sealed record RowsTaken(string Job, int Next);

/// <summary>Every row has been sent, or, with a fault, all that can be read.</summary>
internal sealed record JobEnded(string Job, Refused? Fault = null);

/// <summary>After a reconnect: go on with the rows from <paramref name="Next"/> on; those from <paramref name="Taken"/> on still wait at the console.</summary>
internal sealed record AttachJob(string Job, int Next, int Taken);
