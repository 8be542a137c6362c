using System.Management.Automation;
using Pantry.Configuration;
using Pantry.Files;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.PowerShell.Packages;
using Pantry.PowerShell.Results;
using Pantry.Provisioning.Packages;
using Pantry.Provisioning.Packages.Metadata;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>
/// Publishes directories as packages. What a package is called is read of the tool's own file in it (metadata.rb or
/// metadata.json of Chef, metadata.json of Puppet, galaxy.yml and meta/main.yml of Ansible, a module's manifest), of a
/// pantry.yaml, or given here. A version never changes once it is published. Only what the server lacks is sent.
/// </summary>
[Cmdlet(VerbsData.Publish, "PantryPackage", DefaultParameterSetName = "Path", SupportsShouldProcess = true)]
[OutputType(typeof(PackageInfo))]
public sealed class PublishPantryPackageCommand : FleetCmdlet
{
    // What is about the history of the files rather than the files.
    private static readonly string[] AlwaysExcluded = [".git", ".hg", ".svn"];

    private readonly List<(string Directory, PackageDeclaration Declaration)> _wanted = [];

    /// <summary>Directories, each of them a package; wildcards are permitted.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "Path", ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Path { get; set; } = [];

    /// <summary>The same, taken as they are written.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath", ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>Name of the package, instead of what its files say.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(PackageCompleter))]
    public string? Name { get; set; }

    /// <summary>Its version, instead of what its files say.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Version { get; set; }

    /// <summary>The tool that applies it, instead of what its files say: chef, puppet, ansible, salt, dsc, docker, packer, script, powershell, or one that was added.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(KindCompleter))]
    public string? Kind { get; set; }

    /// <summary>What it is for, instead of what its files say.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Description { get; set; }

    /// <summary>Names and paths that are left out; wildcards are permitted.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] Exclude { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (string path in ParameterSetName == "Path" ? Path : LiteralPath)
        {
            foreach (string directory in Checked(() => FileSystemPaths(path, ParameterSetName == "LiteralPath")))
            {
                try
                {
                    if (!System.IO.Directory.Exists(directory))
                        throw Invalid($"'{directory}' is no directory. A package is a directory with all of its files.", directory);
                    var given = new PackageFacts(directory) { Name = Name, Version = Version, Kind = Kind, Description = Description };
                    PackageDeclaration declaration = PackageMetadata.Read(directory, given, [new ModuleManifest()]);
                    if (ShouldProcess($"{declaration} ({declaration.Kind}) from '{directory}'", "Publish the Pantry package"))
                        _wanted.Add((directory, declaration));
                }
                catch (PantryException error)
                {
                    WriteError(ErrorMap.ToRecord(error, directory));
                }
            }
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_wanted.Count == 0)
            return;
        if (Name is not null && _wanted.Count > 1)
            ThrowTerminatingError(ErrorMap.ToRecord(Invalid($"{_wanted.Count} directories cannot be one package. Give one with -Path, or leave -Name out.")));
        IFleet fleet = Checked(Fleet);
        var options = new PantryOptions();
        string[] exclude = [.. AlwaysExcluded, .. Exclude];
        Run(async (output, cancellation) =>
        {
            foreach ((string directory, PackageDeclaration declaration) in _wanted)
            {
                try
                {
                    await output.WriteAsync(await PublishAsync(fleet, options, directory, declaration, exclude, output, cancellation).ConfigureAwait(false)).ConfigureAwait(false);
                }
                catch (PantryException error)
                {
                    await output.ErrorAsync(error, directory).ConfigureAwait(false);
                }
            }
        });
    }

    private static async Task<PackageInfo> PublishAsync(
        IFleet fleet, PantryOptions options, string directory, PackageDeclaration declaration, string[] exclude, CmdletOutput output, CancellationToken cancellation)
    {
        await using var bytes = new BytesLine(output, $"Publishing {declaration}") { Step = "Reading" };
        // The same files are the same package, whenever they were written.
        using LocalTree files = new TreeReader(options.Files) { Exclude = exclude, KeepsTimes = false, KeepsAttributes = false, Progress = bytes }.ReadDirectory(directory, cancellation);
        bytes.Step = "Sending";
        var publishing = new PackagePublishing(fleet) { Progress = bytes };
        PackageInfo package = await publishing.PublishAsync(declaration, files, cancellation).ConfigureAwait(false);
        await output.VerboseAsync($"{package} has {package.Size:N0} bytes in {package.Files:N0} files; {publishing.SentBytes:N0} bytes were sent.").ConfigureAwait(false);
        return package;
    }
}
