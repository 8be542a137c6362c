using System.Management.Automation;
using System.Management.Automation.Host;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.PowerShell.Editing;
using Pantry.Protocol;
using Pantry.Provisioning.Applications;
using Pantry.Targeting;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>
/// Opens an application's document in an editor, and saves it when it stands. The editor is what $VISUAL or $EDITOR names, or
/// Notepad on Windows. Where the document does not stand, it can be corrected or given up; what was written is never lost.
/// </summary>
[Cmdlet(VerbsData.Edit, "PantryApplication", SupportsShouldProcess = true)]
[OutputType(typeof(ApplicationInfo))]
public sealed class EditPantryApplicationCommand : FleetCmdlet
{
    private readonly CancellationTokenSource _stopped = new();

    /// <summary>Name of the application; one that is not there is made.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DocumentCompleter))]
    public string Name { get; set; } = "";

    /// <summary>Writes the application as it is afterwards.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        IFleet fleet = Checked(Fleet);
        string name = Checked(() => Names.RequireSegment(Name, "name of an application")!);
        Editor editor = Checked(Editor.Find);
        if (!ShouldProcess(name, "Edit the Pantry application"))
            return;
        ApplicationInfo? before = null;
        Run(async (_, cancellation) => before = await ReadAsync(fleet, name, cancellation).ConfigureAwait(false));
        string text = before?.Document ?? $"# What the clients of '{name}' get.\npackages: {{}}\n";
        using EditedFile file = Checked(() => EditedFile.Create($"{name}.yaml", text));
        try
        {
            Edit(fleet, editor, file, name, text, before?.Revision ?? 0);
        }
        catch (PantryException refused)
        {
            file.Keep();
            ThrowTerminatingError(ErrorMap.ToRecord(new PantryException(refused.Code, $"{refused.Message} What you wrote is kept in '{file.Path}'.", refused) { Target = name }));
        }
        catch
        {
            file.Keep();
            throw;
        }
    }

    /// <inheritdoc/>
    protected override void StopProcessing()
    {
        _stopped.Cancel();
        base.StopProcessing();
    }

    private void Edit(IFleet fleet, Editor editor, EditedFile file, string name, string before, int revision)
    {
        while (true)
        {
            editor.Run(file.Path, _stopped.Token);
            string text = file.Read();
            if (text == before)
            {
                WriteVerbose($"Nothing was changed in '{name}'.");
                return;
            }

            try
            {
                _ = ApplicationDocument.Parse(name, text);
                Save(fleet, name, text, revision);
                return;
            }
            catch (PantryException wrong) when (wrong.Code is PantryErrorCode.InvalidConfiguration or PantryErrorCode.LimitReached)
            {
                if (!WantsToCorrect(wrong))
                    throw;
            }
        }
    }

    private void Save(IFleet fleet, string name, string text, int revision)
    {
        ApplicationSaved? saved = null;
        PantryException? refused = null;
        Run(async (_, cancellation) =>
        {
            try
            {
                saved = await fleet.Provisioning.SaveApplicationAsync(new SaveApplication(name, revision), text, cancellation).ConfigureAwait(false);
            }
            catch (PantryException error)
            {
                refused = error;
            }
        });
        if (refused is not null)
            throw refused;
        foreach (string warning in saved!.Warnings)
            WriteWarning(DisplayText.Clean(warning));
        if (PassThru)
            WriteObject(saved.Application);
    }

    // Nobody is there to be asked in a host without a person: then it is given up.
    private bool WantsToCorrect(PantryException wrong)
    {
        try
        {
            return ShouldContinue($"{DisplayText.Clean(wrong.Message)}{System.Environment.NewLine}Open the editor again to correct it? Otherwise what you wrote is kept in a file.", "The document does not stand");
        }
        catch (Exception exception) when (exception is HostException or PSInvalidOperationException or NotImplementedException or PSNotImplementedException)
        {
            return false;
        }
    }

    private static async Task<ApplicationInfo?> ReadAsync(IFleet fleet, string name, CancellationToken cancellation)
    {
        try
        {
            return await fleet.Provisioning.ReadApplicationAsync(name, null, cancellation).ConfigureAwait(false);
        }
        catch (PantryException missing) when (missing.Code == PantryErrorCode.NoMatchingApplication)
        {
            return null;
        }
    }
}
