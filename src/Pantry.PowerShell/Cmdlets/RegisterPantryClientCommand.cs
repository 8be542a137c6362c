using System.Collections;
using System.Globalization;
using System.Management.Automation;
using Pantry.Client;
using Pantry.Configuration;
using Pantry.Configuration.Settings;
using Pantry.Hosting;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.PowerShell.State;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Targeting;
using Pantry.Transport;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>
/// Runs a client in this process. Where the server is and whom to trust comes from an enrolment, a file, or -Server and
/// the server's key; without any of them it is the server or session of this runspace, which enrols the client.
/// </summary>
[Cmdlet(VerbsLifecycle.Register, "PantryClient", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low, DefaultParameterSetName = "Here")]
[OutputType(typeof(ClientRegistration))]
public sealed class RegisterPantryClientCommand : FleetCmdlet
{
    private const int RegisteringAtOnce = 64;

    private readonly List<(string What, HostSettings Settings, Func<CancellationToken, Task<ClientConfiguration>> Configure)> _clients = [];

    /// <summary>Enrolments of New-PantryEnrollment.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ParameterSetName = "Enrollment")]
    [ValidateNotNull]
    public Enrollment[] Enrollment { get; set; } = [];

    /// <summary>Files of enrolments.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = "EnrollmentFile")]
    [Alias("FullName")]
    [ValidateNotNullOrEmpty]
    public string[] EnrollmentFile { get; set; } = [];

    /// <summary>A YAML file with settings; environment variables such as PANTRY_LOG_LEVEL come before it, and parameters before both.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "ConfigurationFile")]
    [ValidateNotNullOrEmpty]
    public string ConfigurationFile { get; set; } = "";

    /// <summary>Address of the server, with the port for answers where it is not the usual one.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Server")]
    [ValidateNotNullOrEmpty]
    public string Server { get; set; } = "";

    /// <summary>Port that the server publishes orders on; by default 23001.</summary>
    [Parameter(ParameterSetName = "Server")]
    [ValidateRange(1, 65535)]
    public int? PublishPort { get; set; }

    /// <summary>The server's public key, as its PublicKey shows it. A client that was let in before remembers it.</summary>
    [Parameter(ParameterSetName = "Server")]
    [Parameter(ParameterSetName = "ConfigurationFile")]
    [ValidateNotNullOrEmpty]
    public string? ServerPublicKey { get; set; }

    /// <summary>
    /// A one-time token of New-PantryEnrollmentToken. Without one the client waits for an operator's approval. For the
    /// application, environment and roles that are not given here the server's word is taken.
    /// </summary>
    [Parameter(ParameterSetName = "Server")]
    [Parameter(ParameterSetName = "ConfigurationFile")]
    [ValidateNotNullOrEmpty]
    public string? Token { get; set; }

    /// <summary>The fleet's root key, as the server's RootKey shows it; without it the server's word at the first time is taken.</summary>
    [Parameter(ParameterSetName = "Server")]
    [Parameter(ParameterSetName = "ConfigurationFile")]
    [ValidateNotNullOrEmpty]
    public string? RootPublicKey { get; set; }

    /// <summary>Unique name of the client; by default the host's.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Identity { get; set; }

    /// <summary>The application that the client is for.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ApplicationCompleter))]
    public string? Application { get; set; }

    /// <summary>The stage the client belongs to, such as test.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(EnvironmentCompleter))]
    public string? Environment { get; set; }

    /// <summary>The client's roles.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(RoleCompleter))]
    public string[]? Role { get; set; }

    /// <summary>Directory of the client's own key and data, one for each client; by default one of the user's own, by identity.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>Names of the commands that the client may run; by default all it has.</summary>
    [Parameter]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(CommandNameCompleter))]
    public string[]? AllowedCommand { get; set; }

    /// <summary>Users that commands may run as, beside the client's own; by default none.</summary>
    [Parameter]
    [ValidateNotNull]
    public string[]? AllowedUser { get; set; }

    /// <summary>Facts to report beside those of the machine.</summary>
    [Parameter]
    [ValidateNotNull]
    public IDictionary? Fact { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        // Bound anew for each object of a pipeline, so it is read now.
        string? path = Path is null ? null : Checked(() => FileSystemPath(Path));
        if (ParameterSetName == "Enrollment")
        {
            foreach (Enrollment enrollment in Enrollment)
                Add(enrollment.Identity ?? Identity ?? HostName.AsIdentity(), _ => Task.FromResult(FromEnrollment(enrollment, path)));
        }
        else if (ParameterSetName == "EnrollmentFile")
        {
            foreach (string file in EnrollmentFile)
            {
                string full = Checked(() => FileSystemPath(file));
                Add(file, _ => Task.FromResult(FromEnrollment(Configuration.EnrollmentFile.Load(full, now: null), path)));
            }
        }
        else if (ParameterSetName == "ConfigurationFile")
        {
            HostSettings settings = Settings(ConfigurationKind.Client, ConfigurationFile);
            path ??= settings.Client.Path is { } own ? Checked(() => FileSystemPath(own)) : null;
            Add(ConfigurationFile, _ => Task.FromResult(FromSettings(settings, path)), settings);
        }
        else if (ParameterSetName == "Server")
        {
            Add(Identity ?? HostName.AsIdentity(), _ => Task.FromResult(FromServer(path)));
        }
        else
        {
            IFleet fleet = Checked(Fleet);
            Add(Identity ?? HostName.AsIdentity(), cancellation => FromFleetAsync(fleet, path, cancellation));
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        RunspaceHost state = State;
        string? powerShell = (SessionState.PSVariable.GetValue("PSVersionTable") as IDictionary)?["PSVersion"]?.ToString();
        Run(async (output, cancellation) => await Parallel.ForEachAsync(
            _clients, new ParallelOptions { MaxDegreeOfParallelism = RegisteringAtOnce, CancellationToken = cancellation },
            async (client, cancelled) =>
            {
                try
                {
                    ClientConfiguration configuration = await client.Configure(cancelled).ConfigureAwait(false);
                    configuration = configuration with
                    {
                        PowerShellVersion = powerShell,
                        Server = configuration.Server with { Proxy = client.Settings.Network.Proxy },
                    };
                    ClientRegistration registration = await StartAsync(state, configuration, client.Settings, cancelled).ConfigureAwait(false);
                    if (Advice.OnLabels(registration) is { } unlabelled)
                        await output.WarningAsync(unlabelled).ConfigureAwait(false);
                    if (registration.Status == RegistrationStatus.Pending)
                        await output.WarningAsync(Advice.OnPending(registration)).ConfigureAwait(false);
                    await output.WriteAsync(registration).ConfigureAwait(false);
                }
                catch (PantryException error)
                {
                    await output.ErrorAsync(error, client.What).ConfigureAwait(false);
                }
            }).ConfigureAwait(false));
    }

    private static async Task<ClientRegistration> StartAsync(RunspaceHost state, ClientConfiguration configuration, HostSettings settings, CancellationToken cancellation)
    {
        // One that the server sent away may stand in the list still, and hold its directory.
        if (state.FindClient(configuration.Labels.Identity) is { Link: ServiceStatus.Stopped } ended)
            await state.StopClientAsync(ended, forget: false).ConfigureAwait(false);
        return await state.StartClientAsync(configuration, settings, cancellation).ConfigureAwait(false);
    }

    private void Add(string what, Func<CancellationToken, Task<ClientConfiguration>> configure, HostSettings? settings = null)
    {
        if (ShouldProcess(what, "Register a Pantry client"))
            _clients.Add((what, settings ?? Settings(ConfigurationKind.Client, null), configure));
    }

    private ClientConfiguration FromEnrollment(Enrollment enrollment, string? path)
    {
        Configuration.EnrollmentFile.Check(enrollment, now: null);
        Refuse(Application is not null && !Names.Same(enrollment.Application, Application), nameof(Application), enrollment.Application, Application);
        Refuse(Environment is not null && !Names.Same(enrollment.Environment, Environment), nameof(Environment), enrollment.Environment, Environment);
        Refuse(Identity is not null && enrollment.Identity is not null && !Names.Same(enrollment.Identity, Identity), nameof(Identity), enrollment.Identity, Identity);
        Refuse(
            Role is not null && !new HashSet<string>(enrollment.Roles, Names.Comparer).SetEquals(Role),
            nameof(Role), string.Join(", ", enrollment.Roles), string.Join(", ", Role ?? []));
        return Make(
            new ServerAddress(enrollment.Address, enrollment.PublishPort, enrollment.ReceivePort),
            enrollment.Identity ?? Identity, enrollment.Application, enrollment.Environment, enrollment.Roles, path) with
        { Enrollment = enrollment };
    }

    private ClientConfiguration FromSettings(HostSettings settings, string? path)
    {
        ClientSettings client = settings.Client;
        return Trusting(
            ConfiguredHost.Client(settings with
            {
                Client = client with
                {
                    Identity = Identity ?? client.Identity,
                    Application = Application ?? client.Application,
                    Environment = Environment ?? client.Environment,
                    Roles = Role ?? client.Roles,
                    Path = path,
                    AllowedCommands = AllowedCommand ?? client.AllowedCommands,
                    AllowedUsers = AllowedUser ?? client.AllowedUsers,
                    Facts = Fact is null ? client.Facts : Facts(),
                },
            }, Directory));
    }

    private ClientConfiguration FromServer(string? path)
    {
        (string host, int receivePort) = Addresses.Parse(Server, PantryOptions.DefaultReceivePort);
        return Trusting(
            Make(new ServerAddress(host, PublishPort ?? PantryOptions.DefaultPublishPort, receivePort), Identity, Application, Environment, Role, path));
    }

    private async Task<ClientConfiguration> FromFleetAsync(IFleet fleet, string? path, CancellationToken cancellation)
    {
        // The server itself says where it is.
        Enrollment enrollment = await fleet.EnrolAsync(
            new Enrol(Identity ?? HostName.AsIdentity(), Application, Environment, Role ?? [], 0), cancellation).ConfigureAwait(false);
        return FromEnrollment(enrollment, path);
    }

    private ClientConfiguration Trusting(ClientConfiguration client) => client with
    {
        ServerKey = ServerPublicKey is null ? client.ServerKey : PublicKey.Parse(ServerPublicKey, "public key of the server"),
        RootKey = RootPublicKey is null ? client.RootKey : VerifyKey.Parse(RootPublicKey),
        Token = Token,
    };

    private ClientConfiguration Make(
        ServerAddress server, string? identity, string? application, string? environment, IEnumerable<string>? roles, string? path)
    {
        ClientLabels labels = ClientLabels.Create(identity ?? HostName.AsIdentity(), application, environment, roles);
        return new ClientConfiguration
        {
            Server = server,
            Labels = labels,
            Path = path ?? Directory(labels.Identity),
            Policy = new ClientPolicy { AllowedCommands = AllowedCommand, AllowedUsers = AllowedUser ?? [] },
            CustomFacts = Facts(),
        };
    }

    // Names are the same in any case, and so is the directory.
    private static string Directory(string identity) => UserDirectory("clients", identity.ToLowerInvariant());

    private Dictionary<string, string> Facts() => (Fact ?? new Hashtable()).Keys.Cast<object>().ToDictionary(
        key => Convert.ToString(key, CultureInfo.InvariantCulture) ?? "",
        key => Convert.ToString(Fact![key], CultureInfo.InvariantCulture) ?? "",
        Names.Comparer);

    // An enrolment is the server's word: the key it lets in is approved as what it says, and as nothing else.
    private static void Refuse(bool differs, string parameter, string? enrolled, string? given)
    {
        if (!differs)
            return;
        throw new PantryException(PantryErrorCode.InvalidEnrollment,
            $"The enrolment is for {(string.IsNullOrEmpty(enrolled) ? "no " : "")}{parameter.ToLowerInvariant()}{(string.IsNullOrEmpty(enrolled) ? "" : $" '{enrolled}'")}, "
            + $"not '{DisplayText.Clean(given, 80)}'. Leave -{parameter} out, or make another enrolment.")
        { Target = given };
    }
}
