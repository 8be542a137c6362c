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

    public async Task MakeAsync()
    {
        Directory.CreateDirectory(Out);
        Sources sources = await Sources.ReadAsync();
        foreach (string name in Names)
        {
            if (name == Module)
                await ModulePackage.MakeAsync(sources, Out);
            else
                await ProgramPackage.MakeAsync(sources, name, Out);
        }

        foreach (string file in Checksums.Write(Out))
            Console.WriteLine(file);
    }
}
