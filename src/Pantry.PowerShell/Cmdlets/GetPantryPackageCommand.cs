using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Lists packages that the server stores, by default the newest version of each.</summary>
[Cmdlet(VerbsCommon.Get, "PantryPackage")]
[OutputType(typeof(PackageInfo))]
public sealed class GetPantryPackageCommand : FleetCmdlet
{
    /// <summary>Names; wildcards are permitted.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(PackageCompleter))]
    public string[]? Name { get; set; }

    /// <summary>A range of versions, such as '^1.2', '~> 1.2' or '>= 1.0.0 &lt; 2.0.0'; the newest in it is shown.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(PackageVersionCompleter))]
    public string? Version { get; set; }

    /// <summary>Packages that a tool applies; wildcards are permitted.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(KindCompleter))]
    public string? Kind { get; set; }

    /// <summary>All versions rather than the newest.</summary>
    [Parameter]
    public SwitchParameter AllVersions { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        IFleet fleet = Checked(Fleet);
        var filter = new PackageFilter { Names = Name ?? [], Range = Version, Kind = Kind, AllVersions = AllVersions };
        Run(async (output, cancellation) =>
        {
            var missing = new HashSet<string>(filter.Names.Where(name => new NamePattern(name).IsLiteral), Names.Comparer);
            await foreach (PackageInfo package in fleet.Provisioning.FindPackagesAsync(filter, cancellation).ConfigureAwait(false))
            {
                missing.Remove(package.Name);
                await output.WriteAsync(package).ConfigureAwait(false);
            }

            foreach (string name in missing)
            {
                await output.ErrorAsync(new PantryException(PantryErrorCode.NoMatchingPackage,
                    $"The server has no package '{DisplayText.Clean(name, 80)}'{(filter.Range is null ? "" : $" in the versions '{DisplayText.Clean(filter.Range, 80)}'")} that matches. Get-PantryPackage without a name lists all.")
                { Target = name }).ConfigureAwait(false);
            }
        });
    }
}
