namespace Pantry.Provisioning.Packages.Metadata;

/// <summary>Reads what a tool's own file says of a package. Files are data here: nothing of them is ever evaluated.</summary>
internal interface IMetadataReader
{
    /// <summary>The file it reads, if it is in the package.</summary>
    /// <param name="files">Names of the files in the package's root and in <c>meta</c>, with <c>/</c> between parts.</param>
    string? FileAmong(IReadOnlyCollection<string> files);

    /// <summary>What the file says; null where it is another tool's after all.</summary>
    /// <exception cref="PantryException">The file is damaged.</exception>
    PackageFacts? Read(string file, byte[] bytes);
}
