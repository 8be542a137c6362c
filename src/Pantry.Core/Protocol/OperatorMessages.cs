using Pantry.Targeting;

namespace Pantry.Protocol;

/// <summary>An operator's console opens a session.</summary>
internal sealed record Connect(string Name, string PantryVersion);

/// <summary>The session is open.</summary>
internal sealed record Connected(
    string ServerVersion, DateTimeOffset ServerTime, double HeartbeatSeconds, double DeadAfterSeconds);

/// <summary>Which clients are there?</summary>
internal sealed record ListClients(ClientFilter Filter);

/// <summary>Clients that match; more pages follow until <paramref name="Last"/>.</summary>
internal sealed record ClientPage(IReadOnlyList<ClientInfo> Clients, bool Last);

/// <summary>Start a job. Body 0 holds the arguments.</summary>
internal sealed record StartJob(
    Target Target, string Command, BodyFormat Format, double TimeoutSeconds, double DeliverySeconds, int BatchSize, int? MaxFailure);

/// <summary>The job is accepted and these are its targets: each gets exactly one row.</summary>
internal sealed record JobStarted(string Job, IReadOnlyList<string> Targets);

/// <summary>One row of a job; rows are numbered from 0. Bodies as in <see cref="Result"/>.</summary>
internal sealed record Row(string Job, int Number, string Client, TimeSpan? RoundTrip, Result Result);

/// <summary>The console has taken the rows below <paramref name="Next"/>: more may be sent.</summary>
internal sealed record RowsTaken(string Job, int Next);

/// <summary>Every row has been sent.</summary>
internal sealed record JobEnded(string Job);

/// <summary>Cancel what has not ended.</summary>
internal sealed record CancelJob(string Job);

/// <summary>After a reconnect: go on with the rows from <paramref name="Next"/> on; those from <paramref name="Taken"/> on still wait at the console.</summary>
internal sealed record AttachJob(string Job, int Next, int Taken);

/// <summary>Make an enrolment.</summary>
internal sealed record Enrol(string? Identity, string? Application, string? Environment, IReadOnlyList<string> Roles, double ExpiresInSeconds);

/// <summary>The enrolment.</summary>
internal sealed record Enrolled(Enrollment Enrollment);

/// <summary>Take a client off the list.</summary>
internal sealed record Forget(string Identity);

/// <summary>Whether there was such a client.</summary>
internal sealed record Forgotten(bool Existed);
