namespace Pantry.Packaging;

/// <summary>One run: which packages are made, and where.</summary>
internal sealed record PackagingRun(string Out, IReadOnlyList<string> Names)
{
    private const string Module = "module";
    private static readonly string[] All = [Module, "linux-x64", "linux-arm64", "win-x64"];

    public static PackagingRun Parse(string[] arguments)
    {
        string? directory = null;
        var names = new List<string>();
        for (int at = 0; at < arguments.Length; at++)
        {
            if (arguments[at] == "--out")
                directory = at + 1 < arguments.Length ? arguments[++at] : throw new PackagingException("--out needs a directory.");
            else if (All.Contains(arguments[at], StringComparer.Ordinal))
                names.Add(arguments[at]);
            else
                throw new PackagingException($"'{arguments[at]}' is not a package; there are {string.Join(", ", All)}.");
        }

        return new PackagingRun(Path.GetFullPath(directory ?? Path.Combine(Sources.Find(), "out")), names.Count == 0 ? All : names);
    }

    /// <summary>Makes them; false where some could not be made for want of .NET's own packages, which is said.</summary>
    public async Task<bool> MakeAsync()
    {
        Directory.CreateDirectory(Out);
        Sources sources = await Sources.ReadAsync();
        var missing = new List<string>();
        try
        {
            foreach (string name in Names)
            {
                // What an earlier run made is not taken for this one's.
                foreach (string file in Files(sources, name))
                    File.Delete(Path.Combine(Out, file));
                try
                {
                    if (name == Module)
                        await ModulePackage.MakeAsync(sources, Out);
                    else
                        await ProgramPackage.MakeAsync(sources, name, Out);
                }
                catch (MissingPackException exception)
                {
                    missing.Add($"packaging: {name} was not made: {exception.Message}");
                }
            }
        }
        finally
        {
            if (Directory.Exists(sources.Work))
                Directory.Delete(sources.Work, recursive: true);
        }

        foreach (string file in Checksums.Write(Out, All.SelectMany(name => Files(sources, name))))
            Console.WriteLine(file);
        foreach (string line in missing)
            Console.Error.WriteLine(line);
        return missing.Count == 0;
    }

    private static string[] Files(Sources sources, string name) => name == Module ? ModulePackage.Files(sources) : ProgramPackage.Files(sources, name);
}
