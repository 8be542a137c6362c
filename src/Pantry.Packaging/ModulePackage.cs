using System.Security;
using System.Text.RegularExpressions;

namespace Pantry.Packaging;

/// <summary>The PowerShell module: a folder, a zip, and the nupkg that galleries take.</summary>
internal static partial class ModulePackage
{
    /// <summary>The names of what it makes.</summary>
    public static string[] Files(Sources sources) => [$"Pantry-{sources.Version}.zip", $"Pantry.{sources.Version}.nupkg", $"Pantry-{sources.Version}.cdx.json"];

    public static async Task MakeAsync(Sources sources, string directory)
    {
        string module = Path.Combine(directory, "Pantry", sources.Version);
        if (Directory.Exists(module))
            Directory.Delete(module, recursive: true);
        string project = sources.PathOf("src/Pantry.PowerShell");
        // Neither is looked at again by a build that finds them newer than its sources.
        await Tool.DotNetAsync("build", project, "--configuration", "Release", "--verbosity", "quiet", $"-p:ModuleBin={module}/bin/");
        foreach (string file in (string[])["Pantry.psd1", "Pantry.psm1", "Pantry.Format.ps1xml", "Pantry.Types.ps1xml", "LICENSE"])
            File.Copy(sources.PathOf(file), Path.Combine(module, file));

        PackageEntry[] files = [.. PackageEntry.OfDirectory(module)];
        string named = Path.Combine(directory, $"Pantry-{sources.Version}");
        Archives.WriteZip($"{named}.zip", files.Select(file => file with { Path = $"Pantry/{sources.Version}/{file.Path}" }), sources.Moment);
        Archives.WriteZip(Path.Combine(directory, $"Pantry.{sources.Version}.nupkg"), [.. files, .. Envelope(sources)], sources.Moment);
        await File.WriteAllTextAsync($"{named}.cdx.json", BillOfMaterials.Write(sources, "Pantry", Path.Combine(project, "obj", "project.assets.json"), runtime: null));
    }

    // What makes a zip a package of NuGet: the description, and the two files of the Open Packaging Conventions.
    private static IEnumerable<PackageEntry> Envelope(Sources sources)
    {
        string manifest = sources.Text("Pantry.psd1");
        string[] cmdlets = [.. Cmdlet().Matches(manifest).Select(match => match.Groups[1].Value)];
        string[] tags =
        [
            "PSModule", "PSEdition_Core", "PSIncludes_Cmdlet",
            .. Tags().Match(manifest).Groups[1].Value.Split(',').Select(tag => tag.Trim(' ', '\'')),
            .. cmdlets.SelectMany(name => (string[])[$"PSCmdlet_{name}", $"PSCommand_{name}"]),
        ];
        yield return PackageEntry.OfText("Pantry.nuspec", $"""
            <?xml version="1.0" encoding="utf-8"?>
            <package xmlns="http://schemas.microsoft.com/packaging/2011/08/nuspec.xsd">
              <metadata>
                <id>Pantry</id>
                <version>{sources.Version}</version>
                <authors>{Escaped(manifest, "Author")}</authors>
                <owners>{Escaped(manifest, "CompanyName")}</owners>
                <requireLicenseAcceptance>false</requireLicenseAcceptance>
                <license type="file">LICENSE</license>
                <description>{Escaped(manifest, "Description")}</description>
                <copyright>{Escaped(manifest, "Copyright")}</copyright>
                <tags>{string.Join(' ', tags)}</tags>
              </metadata>
            </package>

            """);
        yield return PackageEntry.OfText("[Content_Types].xml", """
            <?xml version="1.0" encoding="utf-8"?>
            <Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
              <Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml" />
              <Default Extension="nuspec" ContentType="application/octet" />
              <Default Extension="dll" ContentType="application/octet" />
              <Default Extension="so" ContentType="application/octet" />
              <Default Extension="dylib" ContentType="application/octet" />
              <Default Extension="pdb" ContentType="application/octet" />
              <Default Extension="psd1" ContentType="application/octet" />
              <Default Extension="psm1" ContentType="application/octet" />
              <Default Extension="ps1xml" ContentType="application/octet" />
              <Default Extension="xml" ContentType="application/octet" />
              <Default Extension="txt" ContentType="application/octet" />
              <Default Extension="json" ContentType="application/octet" />
              <Override PartName="/LICENSE" ContentType="application/octet" />
            </Types>

            """);
        yield return PackageEntry.OfText("_rels/.rels", """
            <?xml version="1.0" encoding="utf-8"?>
            <Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
              <Relationship Type="http://schemas.microsoft.com/packaging/2010/07/manifest" Target="/Pantry.nuspec" Id="R1" />
            </Relationships>

            """);
    }

    private static string Escaped(string manifest, string key) => SecurityElement.Escape(Regex.Match(manifest, $@"\n\s*{key}\s*=\s*'([^']*)'").Groups[1].Value);

    [GeneratedRegex(@"\n\s*'(\w+-Pantry\w+)'")]
    private static partial Regex Cmdlet();

    [GeneratedRegex(@"Tags\s*=\s*@\(([^)]*)\)")]
    private static partial Regex Tags();
}
