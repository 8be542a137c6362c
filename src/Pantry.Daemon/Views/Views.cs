using System.Text.Json.Serialization;
using Pantry.Client;
using Pantry.Daemon.Services;

namespace Pantry.Daemon.Views;

/// <summary>A client that was let in or waits.</summary>
internal sealed record ClientView(
    string Identity, string? Application, string? Environment, IReadOnlyList<string> Roles, RegistrationStatus Status, IReadOnlyList<string> Streams,
    string Fingerprint, string Path, string Server, string ServerPublicKey)
{
    public static ClientView Of(ClientAgent agent) => new(
        agent.Labels.Identity, agent.Labels.Application, agent.Labels.Environment, [.. agent.Labels.Roles], agent.Registration, [.. agent.Labels.ShownStreams()],
        agent.PublicKey.Fingerprint, agent.Configuration.Path, agent.Configuration.Server.ToString(), agent.ServerKey.ToString());

    public IReadOnlyList<(string Name, string? Value)> ToRows() =>
    [
        ("Identity", Identity), ("Application", Application), ("Environment", Environment), ("Roles", string.Join(", ", Roles)), ("Status", Status.ToString()),
        ("Streams", string.Join(", ", Streams)), ("Fingerprint", Fingerprint), ("Path", Path), ("Server", Server),
    ];
}

/// <summary>An enrolment without its secret, which is in its file alone.</summary>
internal sealed record EnrollmentView(
    string Id, string? Identity, string? Application, string? Environment, IReadOnlyList<string> Roles, string Address, int PublishPort, int ReceivePort, string ServerPublicKey,
    DateTimeOffset ExpiresAt, string File)
{
    public static EnrollmentView Of(Enrollment enrollment, string file) => new(
        enrollment.Id, enrollment.Identity, enrollment.Application, enrollment.Environment, enrollment.Roles, enrollment.Address, enrollment.PublishPort, enrollment.ReceivePort,
        enrollment.ServerPublicKey, enrollment.ExpiresAt, file);

    public IReadOnlyList<(string Name, string? Value)> ToRows() =>
    [
        ("Id", Id), ("Identity", Identity ?? "*"), ("Application", Application), ("Environment", Environment), ("Roles", string.Join(", ", Roles)),
        ("Server", Transport.Addresses.Join(Address, ReceivePort)), ("ExpiresAt", Moment.Of(ExpiresAt)), ("File", File),
    ];
}

/// <summary>The program's version.</summary>
internal sealed record VersionView(string Version);

/// <summary>A job that was started and is not waited for.</summary>
internal sealed record StartedJob(string JobId, IReadOnlyList<string> Targets);

/// <summary>A server as its operator sees it; clients are counted by status.</summary>
internal sealed record ServerView(string Address, string PublicKey, string Version, string Operator, IReadOnlyDictionary<string, int> Clients, int OpenJobs);

/// <summary>What runs on a machine.</summary>
internal sealed record StatusView(ServerView? Server, ClientState? Client, bool? ClientRuns);

[JsonSourceGenerationOptions(UseStringEnumConverter = true, WriteIndented = false)]
[JsonSerializable(typeof(ClientView))]
[JsonSerializable(typeof(EnrollmentView))]
[JsonSerializable(typeof(EnrollmentInfo))]
[JsonSerializable(typeof(EnrollmentToken))]
[JsonSerializable(typeof(ResultView))]
[JsonSerializable(typeof(LiveView))]
[JsonSerializable(typeof(ClientInfo))]
[JsonSerializable(typeof(JobInfo))]
[JsonSerializable(typeof(OperatorInfo))]
[JsonSerializable(typeof(RootKeyInfo))]
[JsonSerializable(typeof(StartedJob))]
[JsonSerializable(typeof(VersionView))]
[JsonSerializable(typeof(StatusView))]
[JsonSerializable(typeof(ConfigurationFinding))]
[JsonSerializable(typeof(ConfigurationSummary))]
[JsonSerializable(typeof(string))]
internal sealed partial class ViewJson : JsonSerializerContext;
