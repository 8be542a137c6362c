namespace Pantry.Packaging;

/// <summary>The program in one file for one platform, with what a machine needs beside it: an archive, and on Linux a Debian package.</summary>
internal static class ProgramPackage
{
    private static readonly string[] Shells = ["bash", "zsh", "fish", "pwsh"];

    /// <summary>The names of what it makes for a platform.</summary>
    public static string[] Files(Sources sources, string runtime)
    {
        string name = $"pantry-{sources.Version}-{runtime}";
        return IsWindows(runtime)
            ? [$"{name}.zip", $"{name}.cdx.json"]
            : [$"{name}.tar.gz", $"{name}.cdx.json", DebianPackage.NameOf(sources, runtime)];
    }

    public static async Task MakeAsync(Sources sources, string runtime, string directory)
    {
        bool windows = IsWindows(runtime);
        string published = Path.Combine(sources.Work, "published", runtime);
        // Sources and other builds keep what they have in obj and bin.
        await Tool.DotNetAsync(
            "publish", sources.PathOf("src/Pantry.Daemon"), "--configuration", "Release", "--runtime", runtime, "--self-contained", "--verbosity", "quiet",
            "--artifacts-path", sources.Work, "--output", published, "-p:PublishSingleFile=true", "-p:DebugType=embedded");
        string program = Path.Combine(published, windows ? "pantry.exe" : "pantry");
        Dictionary<string, string> completions = await CompletionsAsync(sources);

        string name = $"pantry-{sources.Version}-{runtime}";
        string bill = BillOfMaterials.Write(sources, "pantry", Path.Combine(sources.Work, "obj", "Pantry.Daemon", "project.assets.json"), runtime);
        await File.WriteAllTextAsync(Path.Combine(directory, $"{name}.cdx.json"), bill);

        PackageEntry[] files =
        [
            PackageEntry.OfFile(windows ? "pantry.exe" : "pantry", program, isProgram: true),
            .. Samples(sources, "samples/"),
            .. completions.Select(completion => PackageEntry.OfText($"completion/pantry.{(completion.Key == "pwsh" ? "ps1" : completion.Key)}", completion.Value)),
            PackageEntry.OfText("LICENSE", sources.Text("LICENSE")),
            PackageEntry.OfText("README.md", sources.Text("docs/installation.md")),
            PackageEntry.OfText("sbom.cdx.json", bill),
            .. windows ? [] : PackageEntry.OfDirectory(sources.PathOf("dist/systemd"), "systemd/"),
            .. windows ? [] : PackageEntry.OfDirectory(sources.PathOf("dist/sysusers.d"), "sysusers.d/"),
            .. windows ? [] : PackageEntry.OfDirectory(sources.PathOf("dist/tmpfiles.d"), "tmpfiles.d/"),
        ];
        if (windows)
        {
            Archives.WriteZip(Path.Combine(directory, $"{name}.zip"), files.Select(file => file with { Path = $"{name}/{file.Path}" }), sources.Moment);
            return;
        }

        await using (FileStream archive = File.Create(Path.Combine(directory, $"{name}.tar.gz")))
            Archives.WriteTarGz(archive, files, sources.Moment, $"{name}/");
        DebianPackage.Write(sources, runtime, directory, program, completions, [.. Samples(sources, "")], bill);
    }

    private static bool IsWindows(string runtime) => runtime.StartsWith("win-", StringComparison.Ordinal);

    private static IEnumerable<PackageEntry> Samples(Sources sources, string below) =>
    [
        .. ((string[])["server.yaml", "client.yaml", "operator.yaml"]).Select(file => PackageEntry.OfText(below + file, sources.Text($"dist/{file}"))),
        .. PackageEntry.OfDirectory(sources.PathOf("dist/grafana"), $"{below}grafana/"),
        .. PackageEntry.OfDirectory(sources.PathOf("examples/scheduled"), $"{below}scheduled/"),
    ];

    private static async Task<Dictionary<string, string>> CompletionsAsync(Sources sources)
    {
        // The framework's own build of the program: that of another platform cannot be asked.
        string configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        string program = sources.PathOf($"src/Pantry.Daemon/bin/{configuration}/net10.0/pantry.dll");
        var scripts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string shell in Shells)
            scripts[shell] = await Tool.ReadAsync("dotnet", program, "completion", shell) + "\n";
        return scripts;
    }
}
