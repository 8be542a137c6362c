namespace Pantry.Provisioning.Provisioners.Definitions;

/// <summary>The files that add provisioners to a client.</summary>
internal static class DefinitionFolder
{
    /// <param name="directory">Where they are; null, or a directory that is not there, for none.</param>
    /// <param name="most">How many there may be.</param>
    /// <param name="taken">Kinds that are Pantry's own.</param>
    /// <exception cref="PantryException">One has an error, or a kind has two.</exception>
    public static IReadOnlyList<ProvisionerDefinition> Load(string? directory, int most, IReadOnlyList<string> taken)
    {
        if (directory is null || !Directory.Exists(directory))
            return [];
        // What they say is run: whoever can write here commands the machine.
        Storage.OwnerOnly.EnsureDirectory(directory);
        string[] files = [.. Directory.EnumerateFiles(directory).Where(file => Path.GetExtension(file) is ".yaml" or ".yml").Order(StringComparer.Ordinal).Take(most + 1)];
        if (files.Length > most)
            throw new PantryException(PantryErrorCode.LimitReached, $"'{directory}' has more than {most} files with provisioners.") { Target = directory };
        var kinds = taken.ToDictionary(kind => kind, _ => "Pantry itself", StringComparer.Ordinal);
        var definitions = new List<ProvisionerDefinition>();
        foreach (string file in files)
        {
            ProvisionerDefinition definition = DefinitionFile.Load(file);
            if (!kinds.TryAdd(definition.Name, $"'{Path.GetFileName(file)}'"))
            {
                throw new PantryException(PantryErrorCode.InvalidConfiguration, $"{file}: the kind '{definition.Name}' is applied by {kinds[definition.Name]} already. Choose another name.")
                {
                    Target = file,
                };
            }

            definitions.Add(definition);
        }

        return definitions;
    }
}
