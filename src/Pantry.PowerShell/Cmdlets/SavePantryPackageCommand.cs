using System.Management.Automation;
using Pantry.Configuration;
using Pantry.Files;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.PowerShell.Results;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Targeting;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Writes a package's files into a directory of its name. The directory is changed when all files are there, or not at all.</summary>
[Cmdlet(VerbsData.Save, "PantryPackage", DefaultParameterSetName = "Path", SupportsShouldProcess = true)]
[OutputType(typeof(DirectoryInfo))]
public sealed class SavePantryPackageCommand : FleetCmdlet
{
    private const string AnyVersion = "*";

    private readonly List<(string Name, string Range)> _wanted = [];

    /// <summary>Name of the package.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(PackageCompleter))]
    public string[] Name { get; set; } = [];

    /// <summary>The version, or a range of which the newest is taken; by default the newest.</summary>
    [Parameter(Position = 2, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(PackageVersionCompleter))]
    public string Version { get; set; } = AnyVersion;

    /// <summary>The directory in which the package gets a directory of its name.</summary>
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = "Path")]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    /// <summary>The same, taken as it is written.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath")]
    [ValidateNotNullOrEmpty]
    public string LiteralPath { get; set; } = "";

    /// <summary>Brings a directory that is there to what the package has; what is not in the package is removed from it.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => _wanted.AddRange(Name.Select(name => (name, Version)));

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        IFleet fleet = Checked(Fleet);
        string parent = Checked(Parent);
        bool force = Force;
        (string Name, string Range)[] wanted = [.. _wanted.Where(one => ShouldProcess($"{DisplayText.Clean(one.Name, 80)} {one.Range} into '{parent}'", "Save the Pantry package"))];
        Run(async (output, cancellation) =>
        {
            foreach ((string name, string range) in wanted)
            {
                try
                {
                    await output.WriteAsync(await SaveAsync(fleet, name, range, parent, force, output, cancellation).ConfigureAwait(false)).ConfigureAwait(false);
                }
                catch (PantryException error)
                {
                    await output.ErrorAsync(error, name).ConfigureAwait(false);
                }
            }
        });
    }

    private static async Task<DirectoryInfo> SaveAsync(
        IFleet fleet, string name, string range, string parent, bool force, CmdletOutput output, CancellationToken cancellation)
    {
        var options = new PantryOptions();
        var filter = new PackageFilter { Names = [Names.RequireIdentity(name, "name of a package")], Range = range };
        PackageInfo found = await fleet.Provisioning.FindPackagesAsync(filter, cancellation).FirstOrDefaultAsync(cancellation).ConfigureAwait(false)
            ?? throw new PantryException(PantryErrorCode.NoMatchingPackage, range == AnyVersion
                ? $"There is no package '{name}'. Get-PantryPackage lists those there are."
                : $"There is no package '{name}' in the versions '{DisplayText.Clean(range, 80)}'. Get-PantryPackage {name} -AllVersions lists those there are.")
            { Target = name };
        string directory = PathGuard.Resolve(parent, found.Name);
        if (!force && Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any())
            throw Invalid($"'{directory}' is there and not empty. Save into another directory, or give -Force to bring it to what the package has, which removes everything else in it.", directory);
        if (!ContentHash.TryParse(found.Digest, out ContentHash digest))
            throw new PantryException(PantryErrorCode.NotAPantryServer, $"The server says no digest of {found}.") { Target = found.ToString() };
        await using var bytes = new BytesLine(output, $"Saving {found}") { Step = "Writing" };
        // The digest names every byte, whoever sends them.
        await using IOpenedTree opened = await fleet.Trees.OpenAsync(digest, null, null, cancellation).ConfigureAwait(false);
        await new TreeWriter(options.Files) { RemovesExtra = true, Progress = bytes }.WriteAsync(opened.Tree, directory, opened, cancellation).ConfigureAwait(false);
        return new DirectoryInfo(directory);
    }

    private string Parent()
    {
        IReadOnlyList<string> found = FileSystemPaths(ParameterSetName == "Path" ? Path : LiteralPath, ParameterSetName == "LiteralPath");
        return found is [var only] ? only : throw Invalid($"'{DisplayText.Clean(Path, 300)}' means {found.Count} directories. Give one.", Path);
    }
}
