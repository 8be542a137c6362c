using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Text;
using Pantry.Client;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.PowerShell.State;
using Pantry.Protocol;
using Pantry.Targeting;
using Pantry.Transport;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>
/// Runs a client in this process. Where the server is comes from an enrolment, a file, or -Server; without any of them it
/// is the server or session of this runspace.
/// </summary>
[Cmdlet(VerbsLifecycle.Register, "PantryClient", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low, DefaultParameterSetName = "Here")]
[OutputType(typeof(ClientRegistration))]
public sealed class RegisterPantryClientCommand : FleetCmdlet
{
    private const int RegisteringAtOnce = 64;

    private readonly List<(string What, Func<CancellationToken, Task<ClientConfiguration>> Configure)> _clients = [];

    /// <summary>Enrolments of New-PantryEnrollment.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ParameterSetName = "Enrollment")]
    [ValidateNotNull]
    public Enrollment[] Enrollment { get; set; } = [];

    /// <summary>Files of enrolments.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = "EnrollmentFile")]
    [Alias("FullName")]
    [ValidateNotNullOrEmpty]
    public string[] EnrollmentFile { get; set; } = [];

    /// <summary>A YAML file with settings; parameters come before it.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "ConfigurationFile")]
    [ValidateNotNullOrEmpty]
    public string ConfigurationFile { get; set; } = "";

    /// <summary>Address of the server, with the port for answers where it is not the usual one.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Server")]
    [ValidateNotNullOrEmpty]
    public string Server { get; set; } = "";

    /// <summary>Port that the server publishes orders on.</summary>
    [Parameter(ParameterSetName = "Server")]
    [ValidateRange(1, 65535)]
    public int? PublishPort { get; set; }

    /// <summary>The server's public key. Keys are not in this version.</summary>
    [Parameter(ParameterSetName = "Server")]
    public string? ServerPublicKey { get; set; }

    /// <summary>A token that lets the client in. Keys are not in this version.</summary>
    [Parameter(ParameterSetName = "Server")]
    public string? Token { get; set; }

    /// <summary>Unique name of the client; by default the host's.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Identity { get; set; }

    /// <summary>What the client is for.</summary>
    [Parameter]
    public string? Application { get; set; }

    /// <summary>The stage the client belongs to, such as test.</summary>
    [Parameter]
    public string? Environment { get; set; }

    /// <summary>The client's roles.</summary>
    [Parameter]
    public string[]? Role { get; set; }

    /// <summary>Directory of the client's own data, made where it is missing.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>Names of the commands that the client may run; by default all it has.</summary>
    [Parameter]
    [ValidateNotNull]
    public string[]? AllowedCommand { get; set; }

    /// <summary>Facts to report beside those of the machine.</summary>
    [Parameter]
    [ValidateNotNull]
    public IDictionary? Fact { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName == "Enrollment")
        {
            foreach (Enrollment enrollment in Enrollment)
                Add(enrollment.Identity ?? Identity ?? HostIdentity(), _ => Task.FromResult(FromEnrollment(enrollment)));
        }
        else if (ParameterSetName == "EnrollmentFile")
        {
            foreach (string path in EnrollmentFile)
            {
                string full = Checked(() => FileSystemPath(path));
                Add(path, _ => Task.FromResult(FromEnrollment(Configuration.EnrollmentFile.Load(full, DateTimeOffset.UtcNow))));
            }
        }
        else if (ParameterSetName == "ConfigurationFile")
        {
            string full = Checked(() => FileSystemPath(ConfigurationFile));
            Add(ConfigurationFile, _ => Task.FromResult(FromFile(Configuration.ConfigurationFile.LoadClient(full))));
        }
        else if (ParameterSetName == "Server")
        {
            Add(Server, _ => Task.FromResult(FromServer()));
        }
        else
        {
            IFleet fleet = Checked(Fleet);
            Add(Identity ?? HostIdentity(), cancellation => FromFleetAsync(fleet, cancellation));
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        RunspaceHost state = State;
        string? powerShell = (SessionState.PSVariable.GetValue("PSVersionTable") as IDictionary)?["PSVersion"]?.ToString();
        if (Path is not null)
        {
            _ = Checked(() =>
            {
                Pantry.Server.RootDirectory.Prepare(FileSystemPath(Path));
                return true;
            });
        }

        Run(async (output, cancellation) => await Parallel.ForEachAsync(
            _clients, new ParallelOptions { MaxDegreeOfParallelism = RegisteringAtOnce, CancellationToken = cancellation },
            async (client, cancelled) =>
            {
                try
                {
                    ClientConfiguration configuration = await client.Configure(cancelled).ConfigureAwait(false) with { PowerShellVersion = powerShell };
                    ClientRegistration registration = await StartAsync(state, configuration, cancelled).ConfigureAwait(false);
                    if (configuration.Labels.Unlabelled)
                    {
                        await output.WarningAsync($"The client '{registration.Identity}' has no application, environment or role, so it hears the orders of every stream. "
                            + "Give it some with -Application, -Environment or -Role.").ConfigureAwait(false);
                    }

                    await output.WriteAsync(registration).ConfigureAwait(false);
                }
                catch (PantryException error)
                {
                    await output.ErrorAsync(error, client.What).ConfigureAwait(false);
                }
            }).ConfigureAwait(false));
    }

    private static async Task<ClientRegistration> StartAsync(RunspaceHost state, ClientConfiguration configuration, CancellationToken cancellation)
    {
        // One that the server sent away may stand in the list still.
        if (state.FindClient(configuration.Labels.Identity) is { Link: ServiceStatus.Stopped } ended)
            await state.StopClientAsync(ended, forget: false).ConfigureAwait(false);
        return await state.StartClientAsync(configuration, cancellation).ConfigureAwait(false);
    }

    private void Add(string what, Func<CancellationToken, Task<ClientConfiguration>> configure)
    {
        if (ShouldProcess(what, "Register a Pantry client"))
            _clients.Add((what, configure));
    }

    private ClientConfiguration FromEnrollment(Enrollment enrollment)
    {
        Configuration.EnrollmentFile.Check(enrollment, DateTimeOffset.UtcNow);
        if (enrollment.ServerPublicKey is not null)
            throw KeysNotOffered();
        return Make(
            new ServerAddress(enrollment.Address, enrollment.PublishPort, enrollment.ReceivePort),
            Enrolled(enrollment.Identity, Identity, nameof(Identity)), Enrolled(enrollment.Application, Application, nameof(Application)),
            Enrolled(enrollment.Environment, Environment, nameof(Environment)), EnrolledRoles(enrollment.Roles)) with
        { Enrollment = enrollment.Id };
    }

    private ClientConfiguration FromFile(ClientConfigurationFile file)
    {
        (string host, int receivePort) = Addresses.Parse(
            file.Server ?? throw new PantryException(PantryErrorCode.InvalidConfiguration,
                $"'{ConfigurationFile}' does not say where the server is: it has no networking.server_host.")
            { Target = ConfigurationFile },
            file.ReceivePort ?? PantryOptions.DefaultReceivePort);
        ClientConfiguration made = Make(
            new ServerAddress(host, file.PublishPort ?? PantryOptions.DefaultPublishPort, receivePort),
            Identity ?? file.Identity, Application ?? file.Application, Environment ?? file.Environment, Role ?? file.Roles);
        return made with { AllowedCommands = AllowedCommand ?? file.AllowedCommands, CustomFacts = Fact is null ? file.Facts : made.CustomFacts };
    }

    private ClientConfiguration FromServer()
    {
        if (ServerPublicKey is not null || Token is not null)
            throw KeysNotOffered();
        (string host, int receivePort) = Addresses.Parse(Server, PantryOptions.DefaultReceivePort);
        return Make(new ServerAddress(host, PublishPort ?? PantryOptions.DefaultPublishPort, receivePort), Identity, Application, Environment, Role);
    }

    private async Task<ClientConfiguration> FromFleetAsync(IFleet fleet, CancellationToken cancellation)
    {
        // The server itself says where it is.
        Enrollment enrollment = await fleet.EnrolAsync(
            new Enrol(Identity ?? HostIdentity(), Application, Environment, Role ?? [], 0), cancellation).ConfigureAwait(false);
        return FromEnrollment(enrollment);
    }

    private ClientConfiguration Make(ServerAddress server, string? identity, string? application, string? environment, IEnumerable<string>? roles) => new()
    {
        Server = server,
        Labels = ClientLabels.Create(identity ?? HostIdentity(), application, environment, roles),
        AllowedCommands = AllowedCommand,
        CustomFacts = (Fact ?? new Hashtable()).Keys.Cast<object>().ToDictionary(
            key => Convert.ToString(key, CultureInfo.InvariantCulture) ?? "",
            key => Convert.ToString(Fact![key], CultureInfo.InvariantCulture) ?? "",
            Names.Comparer),
    };

    // An enrolment is the server's word; what it leaves open may be given here.
    private static string? Enrolled(string? enrolled, string? given, string parameter) =>
        enrolled is null || given is null || Names.Same(enrolled, given)
            ? enrolled ?? given
            : throw new PantryException(PantryErrorCode.InvalidEnrollment,
                $"The enrolment is for {parameter.ToLowerInvariant()} '{enrolled}', not '{DisplayText.Clean(given, 80)}'. Leave -{parameter} out, or make another enrolment.")
            { Target = given };

    private IEnumerable<string> EnrolledRoles(IReadOnlyList<string> enrolled) =>
        enrolled.Count == 0 || Role is null || new HashSet<string>(enrolled, Names.Comparer).SetEquals(Role)
            ? enrolled.Count > 0 ? enrolled : Role ?? []
            : throw new PantryException(PantryErrorCode.InvalidEnrollment,
                $"The enrolment is for the roles {string.Join(", ", enrolled)}. Leave -Role out, or make another enrolment.");

    private static PantryException KeysNotOffered() => new(PantryErrorCode.NotOffered,
        "Keys and tokens are not in this version: server and clients work on loopback only. Leave -ServerPublicKey and -Token out.");

    /// <summary>The host's name with what names may not have left out.</summary>
    private static string HostIdentity()
    {
        var name = new StringBuilder();
        foreach (string segment in System.Environment.MachineName.ToLowerInvariant().Split('.'))
        {
            string clean = new([.. segment.Select(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' ? character : '-')]);
            clean = clean.TrimStart('-', '_');
            if (clean.Length > 0)
                name.Append(name.Length > 0 ? "." : "").Append(clean.AsSpan(0, Math.Min(clean.Length, Names.MaxSegmentLength)));
        }

        return name.Length > 0 ? name.ToString() : "client";
    }
}
