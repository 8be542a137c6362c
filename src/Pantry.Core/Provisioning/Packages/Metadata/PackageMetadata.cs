using Pantry.Configuration;
using Pantry.Security;
using Pantry.Targeting;

namespace Pantry.Provisioning.Packages.Metadata;

/// <summary>
/// What a directory says of the package in it: the tool's own file, over that Pantry's, over both what the user gave. A name that nobody gives is
/// the directory's.
/// </summary>
internal static class PackageMetadata
{
    // Written by hand, all of them.
    private const int MaxBytes = 1024 * 1024;

    private static readonly IMetadataReader[] BuiltIn = [new PuppetMetadata(), new ChefMetadata(), new AnsibleCollectionMetadata(), new AnsibleRoleMetadata()];

    /// <param name="root">The package's directory.</param>
    /// <param name="given">What the user gave.</param>
    /// <param name="more">Readers of other tools' files, asked after those that are built in.</param>
    /// <exception cref="PantryException">A file is damaged, or nothing says the version or the kind.</exception>
    public static PackageDeclaration Read(string root, PackageFacts given, IEnumerable<IMetadataReader> more)
    {
        string[] files = FilesOf(root);
        PackageFacts? manifest = files.Contains(PantryManifest.FileName) ? PantryManifest.Read(PantryManifest.FileName, Bytes(root, PantryManifest.FileName)) : null;
        PackageFacts facts = given.Over(manifest ?? new PackageFacts(root));
        foreach (IMetadataReader reader in BuiltIn.Concat(more))
        {
            if (reader.FileAmong(files) is { } file && reader.Read(file, Bytes(root, file)) is { } said
                // Of a directory that two tools could have, that of the kind which is wanted.
                && (facts.Kind is null || Names.Same(facts.Kind, said.Kind)))
            {
                facts = facts.Over(said);
                break;
            }
        }

        facts = facts with
        {
            Name = facts.Name ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(root)),
            Kind = facts.Kind ?? KindMarks.KindOf(files),
        };
        if (facts.Version is null)
            throw Missing(root, "version", "-Version");
        if (facts.Kind is null)
            throw Missing(root, "kind", "-Kind");
        return PackageDeclaration.Create(facts.Name, facts.Version, facts.Kind, facts.Description, facts.Dependencies ?? []);
    }

    private static PantryException Missing(string root, string what, string parameter) => new(PantryErrorCode.InvalidArgument,
        $"Nothing in '{root}' says the {what} of the package. Give it with {parameter}, or write it into a {PantryManifest.FileName} there: '{what}: ...'.")
    { Target = root };

    private static string[] FilesOf(string root)
    {
        try
        {
            return
            [
                .. Directory.EnumerateFiles(root).Select(file => Path.GetFileName(file)!),
                .. Directory.Exists(Path.Combine(root, "meta")) ? Directory.EnumerateFiles(Path.Combine(root, "meta")).Select(file => $"meta/{Path.GetFileName(file)}") : [],
            ];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new PantryException(PantryErrorCode.InvalidArgument, $"The directory '{root}' cannot be read: {exception.Message}", exception) { Target = root };
        }
    }

    private static byte[] Bytes(string root, string file)
    {
        try
        {
            return PlainFile.Read(PathGuard.Resolve(root, file), MaxBytes);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new PantryException(PantryErrorCode.InvalidArgument, $"'{file}' in '{root}' cannot be read: {exception.Message}", exception) { Target = root };
        }
    }
}
