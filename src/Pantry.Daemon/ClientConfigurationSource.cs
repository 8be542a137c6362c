using Pantry.Client;
using Pantry.Configuration;
using Pantry.Security;
using Pantry.Targeting;
using Pantry.Transport;

namespace Pantry.Daemon;

/// <summary>What the command line says of a client; it comes before the file.</summary>
internal sealed record ClientOverrides
{
    public string? Path { get; init; }

    public string? Server { get; init; }

    public int? PublishPort { get; init; }

    public string? ServerKey { get; init; }

    public string? Token { get; init; }

    public string? EnrollmentFile { get; init; }

    public string? Identity { get; init; }

    public string? Application { get; init; }

    public string? Environment { get; init; }

    public IReadOnlyList<string>? Roles { get; init; }
}

/// <summary>Where a client's configuration comes from: the command line, an enrolment, the file, the defaults.</summary>
internal sealed class ClientConfigurationSource(string? file, ClientOverrides overrides)
{
    /// <summary>The file, where there is one.</summary>
    public string? File => ConfigurationDigest.Existing(file, DefaultPaths.ClientConfiguration);

    /// <summary>The directory of the client of this machine, as its configuration says.</summary>
    /// <exception cref="PantryException">The file has an error.</exception>
    public static string DirectoryOfThisMachine() =>
        (new ClientConfigurationSource(null, new ClientOverrides()).File is { } path ? ConfigurationFile.LoadClient(path).Path : null) ?? DefaultPaths.ClientDirectory;

    /// <exception cref="PantryException">The file is missing or has an error, or nothing says where the server is.</exception>
    public Loaded<ClientConfiguration> Load()
    {
        string? path = File;
        ClientConfigurationFile? said = path is null ? null : ConfigurationFile.LoadClient(path);
        Enrollment? enrollment = overrides.EnrollmentFile is { } enrolment ? EnrollmentFile.Load(enrolment, now: null) : null;
        ClientConfiguration configuration = enrollment is null ? FromServer(said) : FromEnrollment(enrollment, said);
        return new Loaded<ClientConfiguration>(
            configuration with
            {
                Path = Path.GetFullPath(overrides.Path ?? said?.Path ?? DefaultPaths.ClientDirectory),
                Policy = new ClientPolicy { AllowedCommands = said?.AllowedCommands, AllowedUsers = said?.AllowedUsers ?? [] },
                CustomFacts = said?.Facts ?? new Dictionary<string, string>(),
                Token = overrides.Token,
            },
            ConfigurationDigest.Of(path));
    }

    private ClientConfiguration FromEnrollment(Enrollment enrollment, ClientConfigurationFile? said) => new()
    {
        Server = new ServerAddress(enrollment.Address, enrollment.PublishPort, enrollment.ReceivePort),
        Labels = ClientLabels.Create(
            enrollment.Identity ?? overrides.Identity ?? said?.Identity ?? HostIdentity.OfThisMachine(), enrollment.Application, enrollment.Environment, enrollment.Roles),
        Enrollment = enrollment,
        Path = "",
    };

    private ClientConfiguration FromServer(ClientConfigurationFile? said)
    {
        string server = overrides.Server ?? said?.Server ?? throw new PantryException(PantryErrorCode.InvalidConfiguration,
            $"Nothing says where the server is. Enrol this machine with 'pantry client enroll', or write networking.server_host into '{File ?? DefaultPaths.ClientConfiguration}'.");
        (string host, int receivePort) = Addresses.Parse(server, said?.ReceivePort ?? PantryOptions.DefaultReceivePort);
        return new ClientConfiguration
        {
            Server = new ServerAddress(host, overrides.PublishPort ?? said?.PublishPort ?? PantryOptions.DefaultPublishPort, receivePort),
            Labels = ClientLabels.Create(
                overrides.Identity ?? said?.Identity ?? HostIdentity.OfThisMachine(), overrides.Application ?? said?.Application,
                overrides.Environment ?? said?.Environment, overrides.Roles ?? said?.Roles ?? []),
            ServerKey = (overrides.ServerKey ?? said?.ServerKey) is { } key ? PublicKey.Parse(key, "public key of the server") : null,
            Path = "",
        };
    }
}
