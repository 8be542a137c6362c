using System.Management.Automation;
using Pantry.Configuration.Settings;
using Pantry.Hosting;
using Pantry.PowerShell.State;
using Pantry.Server;
using Pantry.Transport;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Starts a server in this process. It becomes the server that other cmdlets of the runspace use.</summary>
[Cmdlet(VerbsLifecycle.Start, "PantryServer", SupportsShouldProcess = true)]
[OutputType(typeof(PantryServer))]
public sealed class StartPantryServerCommand : PantryCmdlet
{
    /// <summary>Root directory of the server's data; by default one of the user's own.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>A YAML file with settings; environment variables such as PANTRY_LOG_LEVEL come before it, and parameters before both.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? ConfigurationFile { get; set; }

    /// <summary>Address to listen on: IPv4, IPv6 or a DNS name; 0.0.0.0 or :: for all of the machine. By default 127.0.0.1.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Address { get; set; }

    /// <summary>Address that enrolments and operators' files give; by default the one listened on, or the host's name.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? AdvertisedAddress { get; set; }

    /// <summary>Port that orders are published on; 0 for any free one. By default 23001.</summary>
    [Parameter]
    [ValidateRange(0, 65535)]
    public int? PublishPort { get; set; }

    /// <summary>Port that answers are received on, and that operators dial; 0 for any free one. By default 23002.</summary>
    [Parameter]
    [ValidateRange(0, 65535)]
    public int? ReceivePort { get; set; }

    /// <summary>Port of the file service; 0 for any free one. By default 23003.</summary>
    [Parameter]
    [ValidateRange(0, 65535)]
    public int? FilePort { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        RunspaceHost state = State;
        HostSettings settings = Settings(ConfigurationKind.Server, ConfigurationFile);
        ServerConfiguration configuration = Checked(() => Configuration(settings));
        if (!ShouldProcess($"{configuration.Address}, {configuration.Path}", "Start a Pantry server"))
            return;
        Run(async (output, cancellation) =>
            await output.WriteAsync(await state.StartServerAsync(configuration, settings, cancellation).ConfigureAwait(false)).ConfigureAwait(false));
    }

    private ServerConfiguration Configuration(HostSettings settings)
    {
        ServerConfiguration configured = ConfiguredHost.Server(settings, UserDirectory("server"));
        return configured with
        {
            Address = Address ?? configured.Address,
            AdvertisedAddress = AdvertisedAddress is null ? configured.AdvertisedAddress : Addresses.Parse(AdvertisedAddress, 1).Host,
            PublishPort = PublishPort ?? configured.PublishPort,
            ReceivePort = ReceivePort ?? configured.ReceivePort,
            FilePort = FilePort ?? configured.FilePort,
            Path = FileSystemPath(Path ?? configured.Path),
        };
    }
}
