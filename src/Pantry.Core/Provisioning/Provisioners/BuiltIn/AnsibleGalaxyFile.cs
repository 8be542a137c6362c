using System.Text.Json;
using System.Text.RegularExpressions;
using Pantry.Configuration;
using Pantry.Provisioning.Reports;

namespace Pantry.Provisioning.Provisioners.BuiltIn;

/// <summary>A collection's own <c>galaxy.yml</c>, which says under which name Ansible finds it.</summary>
internal static partial class AnsibleGalaxyFile
{
    private const int MaxBytes = 1024 * 1024;

    /// <summary>Namespace and name; null where the package is no collection.</summary>
    public static (string Namespace, string Name)? NameOf(PlannedPackage package)
    {
        string path = Path.Combine(package.Directory, "galaxy.yml");
        if (!File.Exists(path))
            return null;
        using JsonDocument? document = YamlReport.TryParse(PlainFile.Read(path, MaxBytes), 16, MaxBytes);
        return document?.RootElement.Text("namespace") is { } space && document.RootElement.Text("name") is { } name && Word().IsMatch(space) && Word().IsMatch(name)
            ? (space, name)
            : throw new PantryException(PantryErrorCode.InvalidArgument, $"The package {package.Name} {package.Version} has a galaxy.yml without a namespace and a name that Ansible takes.");
    }

    [GeneratedRegex(@"\A[a-z_][a-z0-9_]*\z")]
    private static partial Regex Word();
}
