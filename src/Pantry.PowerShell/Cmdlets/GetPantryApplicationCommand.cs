using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Shows applications and their documents, as they are now, in a revision, or all revisions there were.</summary>
[Cmdlet(VerbsCommon.Get, "PantryApplication", DefaultParameterSetName = "Now")]
[OutputType(typeof(ApplicationInfo))]
public sealed class GetPantryApplicationCommand : FleetCmdlet
{
    /// <summary>Names; wildcards are permitted.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(DocumentCompleter))]
    public string[]? Name { get; set; }

    /// <summary>A revision rather than the newest.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Revision")]
    [ValidateRange(1, int.MaxValue)]
    [ArgumentCompleter(typeof(RevisionCompleter))]
    public int Revision { get; set; }

    /// <summary>All revisions with who and when, without their documents, also of applications that were removed.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "History")]
    public SwitchParameter History { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        IFleet fleet = Checked(Fleet);
        var filter = new ApplicationFilter { Names = Name ?? [], History = History };
        int? revision = ParameterSetName == "Revision" ? Revision : null;
        if (revision is not null && filter.Names.Count == 0)
            ThrowTerminatingError(ErrorMap.ToRecord(Invalid("A revision is one of an application. Give its name with -Name.")));
        Run(async (output, cancellation) =>
        {
            var missing = new HashSet<string>(filter.Names.Where(name => new NamePattern(name).IsLiteral), Names.Comparer);
            await foreach (string? name in FindAsync(fleet, filter, revision, output, missing, cancellation).ConfigureAwait(false))
            {
                try
                {
                    await output.WriteAsync(await fleet.Provisioning.ReadApplicationAsync(name, revision, cancellation).ConfigureAwait(false)).ConfigureAwait(false);
                }
                catch (PantryException error)
                {
                    await output.ErrorAsync(error, name).ConfigureAwait(false);
                }
            }

            foreach (string name in missing)
            {
                await output.ErrorAsync(new PantryException(PantryErrorCode.NoMatchingApplication,
                    $"The server has no application '{DisplayText.Clean(name, 80)}' that you may read. Get-PantryApplication without a name lists those you may; -History lists those too that were removed.")
                { Target = name }).ConfigureAwait(false);
            }
        });
    }

    // Those whose document is still to be read; a revision can be one of an application that was removed.
    private static async IAsyncEnumerable<string> FindAsync(
        IFleet fleet, ApplicationFilter filter, int? revision, CmdletOutput output, HashSet<string> missing,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        if (revision is not null)
        {
            foreach (string literal in missing.ToArray())
            {
                missing.Remove(literal);
                yield return literal;
            }

            if (filter.Names.All(name => new NamePattern(name).IsLiteral))
                yield break;
        }

        var patterns = revision is null ? filter : filter with { Names = [.. filter.Names.Where(name => !new NamePattern(name).IsLiteral)] };
        await foreach (ApplicationInfo found in fleet.Provisioning.FindApplicationsAsync(patterns, cancellation).ConfigureAwait(false))
        {
            missing.Remove(found.Name);
            if (filter.History)
                await output.WriteAsync(found).ConfigureAwait(false);
            else
                yield return found.Name;
        }
    }
}
