using Pantry.Client;
using Pantry.Configuration.Settings;
using Pantry.Hosting;
using Pantry.Targeting;
using Pantry.Transport;

namespace Pantry.Daemon.Configuration;

/// <summary>What lets a client in beside its settings: an enrolment's file or a token, each good once.</summary>
internal sealed record ClientEntry(string? EnrollmentFile = null, string? Token = null)
{
    /// <summary>What a client is started with.</summary>
    /// <exception cref="PantryException">The enrolment is not fit for use, or nothing says where the server is.</exception>
    public ClientConfiguration Configure(HostSettings settings)
    {
        if (EnrollmentFile is null)
        {
            ClientConfiguration made = settings.Network.ServerHost is not null ? ConfiguredHost.Client(settings, _ => DefaultPaths.ClientDirectory)
                : throw new PantryException(PantryErrorCode.InvalidConfiguration,
                    $"Nothing says where the server is. Enrol this machine with 'pantry client enroll', or write networking.server_host into '{DefaultPaths.ClientConfiguration}'.");
            return made with { Path = Path.GetFullPath(made.Path), Token = Token };
        }

        Enrollment enrollment = Pantry.Configuration.EnrollmentFile.Load(EnrollmentFile, now: null);
        HostSettings enrolled = settings with { Network = settings.Network with { ServerHost = enrollment.Address } };
        ClientConfiguration configuration = ConfiguredHost.Client(enrolled, _ => DefaultPaths.ClientDirectory);
        return configuration with
        {
            Server = new ServerAddress(enrollment.Address, enrollment.PublishPort, enrollment.ReceivePort, settings.Network.Proxy),
            Labels = ClientLabels.Create(enrollment.Identity ?? configuration.Labels.Identity, enrollment.Application, enrollment.Environment, enrollment.Roles),
            Path = Path.GetFullPath(configuration.Path),
            ServerKey = null,
            RootKey = null,
            Enrollment = enrollment,
        };
    }
}
