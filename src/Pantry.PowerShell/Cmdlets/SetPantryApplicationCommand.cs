using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.Protocol;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>
/// Changes an application's document. The change says which revision it begins from, so that nobody's change is lost: pipe
/// what Get-PantryApplication brought, or give -Revision.
/// </summary>
[Cmdlet(VerbsCommon.Set, "PantryApplication", DefaultParameterSetName = "Path", SupportsShouldProcess = true)]
[OutputType(typeof(ApplicationInfo))]
public sealed class SetPantryApplicationCommand : ApplicationCmdlet
{
    /// <summary>Name of the application.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DocumentCompleter))]
    public string Name { get; set; } = "";

    /// <summary>The revision that the change begins from.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateRange(1, int.MaxValue)]
    [ArgumentCompleter(typeof(RevisionCompleter))]
    public int Revision { get; set; }

    /// <summary>Puts the document in the place of whatever is there now.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Writes the application as it is afterwards.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        IFleet fleet = Checked(Fleet);
        string document = Checked(() => DocumentOf(Name) ?? throw Invalid("There is no document. Give one with -Path, -LiteralPath or -Document.", Name));
        (int revision, bool force, bool emits) = (Revision, Force, PassThru);
        if (revision == 0 && !force)
            ThrowTerminatingError(ErrorMap.ToRecord(Invalid($"Say which revision of '{DisplayText.Clean(Name, 80)}' the change begins from, so that nobody's change is lost: pipe what Get-PantryApplication brought, or give -Revision. -Force replaces whatever is there now.", Name)));
        if (!ShouldProcess(DisplayText.Clean(Name, 80), "Change the Pantry application"))
            return;
        Run(async (output, cancellation) =>
        {
            if (force)
                revision = (await fleet.Provisioning.ReadApplicationAsync(Name, null, cancellation).ConfigureAwait(false)).Revision;
            await WriteAsync(output, await fleet.Provisioning.SaveApplicationAsync(new SaveApplication(Name, revision), document, cancellation).ConfigureAwait(false), emits).ConfigureAwait(false);
        });
    }
}
