using System.Text.RegularExpressions;
using Pantry.Configuration;
using Pantry.Provisioning.Reports;
using Pantry.Security;

namespace Pantry.Provisioning.Provisioners.BuiltIn;

/// <summary>
/// The repository that Chef works from in local mode: the cookbooks of all the plan's packages, and their <c>roles/*.json</c>, <c>environments/*.json</c>
/// and <c>data_bags/bag/item.json</c> together.
/// </summary>
internal static partial class ChefRepository
{
    private const int MaxMetadata = 1024 * 1024;

    // Chef reads these in parts: each file of its own, whichever package it is from.
    private static readonly string[] Parts = ["roles", "environments", "data_bags"];

    private static readonly EnumerationOptions PlainFiles = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint };

    public static string Build(ProvisionWork work)
    {
        string repository = Path.Combine(work.Directory, "repository");
        foreach (string part in (string[])["cookbooks", .. Parts])
            Directory.CreateDirectory(Path.Combine(repository, part));
        foreach (PlannedPackage package in work.OfKind)
        {
            if (CookbookName(package) is { } name)
                WorkFiles.LinkOnce(package, package.Directory, Path.Combine(repository, "cookbooks", PathGuard.Check(name)));
            string inner = Path.Combine(package.Directory, "cookbooks");
            foreach (string cookbook in Directory.Exists(inner) ? Directory.EnumerateDirectories(inner) : [])
                WorkFiles.LinkOnce(package, cookbook, Path.Combine(repository, "cookbooks", Path.GetFileName(cookbook)));
            foreach (string part in Parts)
                Gather(package, part, repository);
        }

        return repository;
    }

    /// <summary>Where data bags are: among the rest, and that of the secrets, whose file is its owner's alone.</summary>
    public static IEnumerable<string> DataBags(ProvisionWork work, string repository)
    {
        yield return Path.Combine(repository, "data_bags");
        if (!work.HasSecrets)
            yield break;
        System.Text.Json.Nodes.JsonObject item = work.SecretParameters();
        item["id"] = "secrets";
        string path = work.WriteSecret($"chef-{Path.GetFileName(work.Directory)}/pantry/secrets.json", item);
        yield return Path.GetDirectoryName(Path.GetDirectoryName(path))!;
    }

    /// <summary>The name in the cookbook's metadata, or the package's; null where it is no cookbook.</summary>
    public static string? CookbookName(PlannedPackage package)
    {
        string json = Path.Combine(package.Directory, "metadata.json"), ruby = Path.Combine(package.Directory, "metadata.rb");
        if (File.Exists(json))
        {
            using System.Text.Json.JsonDocument? document = ReportJson.TryParse(PlainFile.Read(json, MaxMetadata), 32);
            return document?.RootElement.Text("name") ?? package.Name;
        }

        if (File.Exists(ruby))
            return Name().Match(System.Text.Encoding.UTF8.GetString(PlainFile.Read(ruby, MaxMetadata))) is { Success: true } name ? name.Groups[1].Value : package.Name;
        return Directory.Exists(Path.Combine(package.Directory, "recipes")) ? package.Name : null;
    }

    private static void Gather(PlannedPackage package, string part, string repository)
    {
        string from = Path.Combine(package.Directory, part);
        foreach (string file in Directory.Exists(from) ? Directory.EnumerateFiles(from, "*.json", PlainFiles) : [])
        {
            string place = Path.Combine(repository, part, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(place)!);
            if (File.Exists(place))
                throw WorkFiles.Twice(package, $"{part}/{Path.GetRelativePath(from, file)}");
            File.Copy(file, place);
        }
    }

    [GeneratedRegex(@"^\s*name\s*\(?\s*['""]([A-Za-z0-9_.-]+)['""]", RegexOptions.Multiline)]
    private static partial Regex Name();
}
