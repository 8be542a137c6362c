using System.Management.Automation;
using Pantry.Differences;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Shows how an application's document differs between two revisions: by default what the newest has changed.</summary>
[Cmdlet(VerbsData.Compare, "PantryApplication")]
[OutputType(typeof(ApplicationDifference))]
public sealed class ComparePantryApplicationCommand : FleetCmdlet
{
    /// <summary>Name of the application.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DocumentCompleter))]
    public string Name { get; set; } = "";

    /// <summary>The earlier revision; by default the one before the later.</summary>
    [Parameter(Position = 1)]
    [ValidateRange(1, int.MaxValue)]
    [ArgumentCompleter(typeof(RevisionCompleter))]
    public int Revision { get; set; }

    /// <summary>The later revision; by default the newest.</summary>
    [Parameter(Position = 2)]
    [ValidateRange(1, int.MaxValue)]
    [ArgumentCompleter(typeof(RevisionCompleter))]
    public int With { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        IFleet fleet = Checked(Fleet);
        (string name, int earlier, int later) = (Name, Revision, With);
        Run(async (output, cancellation) =>
        {
            List<ApplicationInfo> history = await fleet.Provisioning.FindApplicationsAsync(new ApplicationFilter { Names = [name], History = true }, cancellation)
                .Where(found => Names.Same(found.Name, name)).ToListAsync(cancellation).ConfigureAwait(false);
            if (history.Count == 0)
                throw new PantryException(PantryErrorCode.NoMatchingApplication, $"There is no application '{DisplayText.Clean(name, 80)}' that you may read. Get-PantryApplication lists those you may.") { Target = name };
            int to = later > 0 ? later : history[0].Revision;
            int from = earlier > 0 ? earlier : to - 1;
            if (from < 1)
                throw Invalid($"'{history[0].Name}' has one revision, so there is nothing to compare it with.", name);
            ApplicationInfo before = await fleet.Provisioning.ReadApplicationAsync(name, from, cancellation).ConfigureAwait(false);
            ApplicationInfo after = await fleet.Provisioning.ReadApplicationAsync(name, to, cancellation).ConfigureAwait(false);
            await output.WriteAsync(new ApplicationDifference
            {
                Name = after.Name,
                From = before,
                To = after,
                Lines = AroundChanges.Of(LineDifference.Between(before.Document.ReplaceLineEndings("\n"), after.Document.ReplaceLineEndings("\n"))),
            }).ConfigureAwait(false);
        });
    }
}
