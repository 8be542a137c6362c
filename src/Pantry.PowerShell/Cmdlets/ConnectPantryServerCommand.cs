using System.Management.Automation;
using Pantry.Configuration;
using Pantry.Configuration.Settings;
using Pantry.Hosting;
using Pantry.PowerShell.State;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Connects to a server as an operator. The session becomes the one that other cmdlets of the runspace use.</summary>
[Cmdlet(VerbsCommunications.Connect, "PantryServer")]
[OutputType(typeof(PantrySession))]
public sealed class ConnectPantryServerCommand : PantryCmdlet
{
    /// <summary>Address to dial in place of the file's: host, host:port or [v6]:port.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string? Server { get; set; }

    /// <summary>The operator's file, as New-PantryOperator wrote it; by default the one that the user's own operator.yaml names.</summary>
    [Parameter]
    [Alias("FullName")]
    [ValidateNotNullOrEmpty]
    public string? OperatorFile { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        RunspaceHost state = State;
        OperatorSettings settings = Checked(() => OperatorDefaults.Load().Values);
        OperatorCredentials credentials = Checked(() => Credentials(settings));
        Run(async (output, cancellation) =>
            await output.WriteAsync(await state.ConnectAsync(credentials, settings.Options, cancellation).ConfigureAwait(false)).ConfigureAwait(false));
    }

    private OperatorCredentials Credentials(OperatorSettings settings)
    {
        if ((OperatorFile is null ? settings.OperatorFile : FileSystemPath(OperatorFile)) is not { } file)
        {
            throw Invalid(
                "An address alone is not enough: the server answers only operators whose keys it knows. Give your operator's file with -OperatorFile, "
                + $"or name it in '{OperatorDefaults.Path}'; an administrator makes one with New-PantryOperator -OutFile.", Server);
        }

        // The defaults' server belongs to the defaults' keys.
        return ConfiguredHost.Operator(settings with { Server = Server ?? (OperatorFile is null ? settings.Server : null) }, file);
    }
}
