namespace Pantry.Provisioning.Packages.Metadata;

/// <summary>Files that tell which tool a directory is for, where the tool has no file that says more.</summary>
internal static class KindMarks
{
    private static readonly (string File, string Kind)[] Marks =
    [
        ("metadata.rb", "chef"), ("top.sls", "salt"),
        ("compose.yaml", "docker"), ("compose.yml", "docker"), ("docker-compose.yaml", "docker"), ("docker-compose.yml", "docker"),
    ];

    private static readonly (string Ending, string Kind)[] Endings =
        [(".pkr.hcl", "packer"), (".pkr.json", "packer"), (".dsc.yaml", "dsc"), (".dsc.yml", "dsc"), (".dsc.json", "dsc"), (".sls", "salt")];

    /// <summary>The kind; null where no file tells.</summary>
    public static string? KindOf(IReadOnlyCollection<string> files) =>
        Marks.FirstOrDefault(mark => files.Contains(mark.File)).Kind
        ?? Endings.FirstOrDefault(mark => files.Any(file => file.EndsWith(mark.Ending, StringComparison.Ordinal))).Kind;
}
