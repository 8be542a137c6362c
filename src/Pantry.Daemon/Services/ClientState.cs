using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging;
using Pantry.Client;
using Pantry.Security;

namespace Pantry.Daemon.Services;

/// <summary>How the client of this machine does, as it writes it down for <c>pantry status</c>.</summary>
internal sealed record ClientState(
    string Identity, string? Application, string? Environment, IReadOnlyList<string> Roles, string Server, string Fingerprint, RegistrationStatus Status, ServiceStatus Link,
    int ProcessId, string Version, DateTimeOffset StartedAt)
{
    public static ClientState Of(ClientAgent agent, DateTimeOffset startedAt) => new(
        agent.Labels.Identity, agent.Labels.Application, agent.Labels.Environment, [.. agent.Labels.Roles], agent.Configuration.Server.ToString(),
        agent.PublicKey.Fingerprint, agent.Registration, agent.Status, System.Environment.ProcessId, PantryVersion.Current, startedAt);
}

/// <summary>The file of <see cref="ClientState"/> in a client's own directory. It is there while the client runs, and after it was killed.</summary>
internal static class ClientStateFile
{
    private const int MaxBytes = 64 * 1024;

    public static void Write(string directory, ClientState state, ILogger log)
    {
        try
        {
            PrivateFile.Replace(PathIn(directory), JsonSerializer.SerializeToUtf8Bytes(state, ClientStateJson.Default.ClientState));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            log.LogWarning("The client's state could not be written down: {Error}", exception.Message);
        }
    }

    public static void Remove(string directory)
    {
        try
        {
            File.Delete(PathIn(directory));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Who reads it sees that the process has gone.
        }
    }

    /// <summary>What the client said last; null where there is none, or what is there cannot be read.</summary>
    public static ClientState? TryRead(string directory)
    {
        try
        {
            return JsonSerializer.Deserialize(PrivateFile.Read(PathIn(directory), MaxBytes, ofService: true), ClientStateJson.Default.ClientState);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException or PantryException)
        {
            return null;
        }
    }

    private static string PathIn(string directory) => Path.Combine(directory, "state.json");
}

[JsonSourceGenerationOptions(UseStringEnumConverter = true, WriteIndented = false)]
[JsonSerializable(typeof(ClientState))]
internal sealed partial class ClientStateJson : JsonSerializerContext;
