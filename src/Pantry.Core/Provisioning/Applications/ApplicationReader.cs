using Pantry.Configuration;
using Pantry.Provisioning.Packages;
using Pantry.Targeting;
using YamlDotNet.RepresentationModel;

namespace Pantry.Provisioning.Applications;

/// <summary>Reads a document of an application; every error names line and column.</summary>
internal sealed class ApplicationReader(string path)
{
    private const int MaxEntryLength = 1024;
    // A plan is made for each environment with each role to see what an application uses.
    private const int MaxEnvironments = 64, MaxRoles = 128, MaxIdentities = 4096;

    private readonly ParameterYaml _parameters = new(path);
    private readonly List<(string Package, YamlNode Node)> _steps = [];

    public ApplicationDocument Read(string name, YamlSection root)
    {
        _ = root.Checked("name", said => Names.Same(said, name) ? said
            : throw new PantryException(PantryErrorCode.InvalidName, $"is '{DisplayText.Clean(said, 80)}', and the application is '{name}'. Leave it out, or name the same one"));
        string? description = root.Text("description");
        ApplicationLayer everywhere = Layer(root, "", new ApplicationLayer(null, null, null));
        var roleLayers = new List<ApplicationLayer>();
        ApplicationLayer[] environments = [.. Named(root, "environments", "environment").Select(entry =>
        {
            var layer = new ApplicationLayer(entry.Name, null, null);
            layer = Layer(entry.Section, $"environments.{entry.Name}.", layer);
            roleLayers.AddRange(Named(entry.Section, "roles", "role", $"environments.{entry.Name}.").Select(role =>
                Closed(role.Section, $"environments.{entry.Name}.roles.{role.Name}.", new ApplicationLayer(entry.Name, role.Name, null))));
            entry.Section.RefuseUnknown();
            return layer;
        })];
        ApplicationLayer[] roles = [.. Named(root, "roles", "role").Select(role => Closed(role.Section, $"roles.{role.Name}.", new ApplicationLayer(null, role.Name, null)))];
        ApplicationLayer[] identities = [.. Named(root, "identities", "identity").Select(one => Closed(one.Section, $"identities.{one.Name}.", new ApplicationLayer(null, null, one.Name)))];
        root.RefuseUnknown();
        var document = new ApplicationDocument(name, description, [everywhere, .. environments, .. roles, .. roleLayers, .. identities]);
        RequireKnownSteps(document);
        return document;
    }

    private ApplicationLayer Closed(YamlSection section, string prefix, ApplicationLayer layer)
    {
        layer = Layer(section, prefix, layer);
        section.RefuseUnknown();
        return layer;
    }

    private ApplicationLayer Layer(YamlSection section, string prefix, ApplicationLayer layer) => layer with
    {
        Packages = Packages(section.Node("packages"), $"{prefix}packages"),
        Parameters = _parameters.Map(section.Node("parameters"), $"{prefix}parameters"),
        Steps = Steps(section.Node("steps"), $"{prefix}steps"),
    };

    private PackageNeed[] Packages(YamlNode? node, string key) => node switch
    {
        null or YamlScalarNode { Value: null or "" } => [],
        YamlMappingNode map => Distinct([.. new YamlSection(path, key, map).Entries.Select(entry => (entry.Key, Need(entry.Key, entry.Value)))]),
        _ => throw Error(node, $"'{key}' must hold packages and their versions, such as 'nginx: ^1.4'"),
    };

    private PackageNeed Need(YamlScalarNode key, YamlNode value)
    {
        if (!Names.IsPath(key.Value))
            throw Error(key, $"'{DisplayText.Clean(key.Value, 80)}' is no name of a package. It has letters, digits, '-' and '_' in segments joined by dots");
        if (PackageName.Fault(key.Value!) is { } fault)
            throw Error(key, fault);
        string? text = value is YamlScalarNode scalar ? scalar.Value : null;
        return text is not null && VersionRange.TryParse(text) is { } range
            ? new PackageNeed(key.Value!, range)
            : throw Error(value, $"the versions of '{key.Value}' are no range: write 1.4.2 for that one alone, ^1.4, ~> 1.4, '>= 1.0.0 < 2.0.0', or '*' for any");
    }

    private PackageNeed[] Distinct((YamlScalarNode Key, PackageNeed Need)[] needs)
    {
        var seen = new HashSet<string>(Names.Comparer);
        foreach ((YamlScalarNode key, PackageNeed need) in needs)
        {
            if (!seen.Add(need.Name))
                throw Error(key, $"'{need.Name}' is there twice; names of packages have no case");
        }

        return [.. needs.Select(entry => entry.Need)];
    }

    private ApplyStep[]? Steps(YamlNode? node, string key) => node switch
    {
        null => null,
        YamlSequenceNode list => [.. list.Select(item => Step(item, key))],
        _ => throw Error(node, $"'{key}' must be a list of packages in the order in which they are applied"),
    };

    private ApplyStep Step(YamlNode node, string key)
    {
        if (node is YamlScalarNode { Value: { Length: > 0 } name })
        {
            _steps.Add((name, node));
            return new ApplyStep(name, null, null);
        }

        if (node is not YamlMappingNode map)
            throw Error(node, $"a step of '{key}' must be a package, or a mapping that begins with 'package: ...'");
        var section = new YamlSection(path, key, map);
        var step = new ApplyStep(
            section.Text("package") ?? throw Error(node, $"a step of '{key}' says no package"),
            section.Checked("provisioner", text => Names.RequireSegment(text, "provisioner")),
            section.Checked("entry", text => text.Length <= MaxEntryLength && !text.Any(char.IsControl) ? text
                : throw new PantryException(PantryErrorCode.InvalidArgument, $"must be one line of at most {MaxEntryLength} characters")));
        section.RefuseUnknown();
        _steps.Add((step.Package, section.Node("package")!));
        return step;
    }

    private void RequireKnownSteps(ApplicationDocument document)
    {
        foreach ((string package, YamlNode node) in _steps)
        {
            if (document.PackageNames.Contains(package, Names.Comparer))
                continue;
            string? nearest = NearestName.Of(package, document.PackageNames);
            throw Error(node, $"no 'packages' of this document has '{DisplayText.Clean(package, 80)}'. {(nearest is null ? "Add it there" : $"Did you mean '{nearest}'?")}");
        }
    }

    private List<(string Name, YamlSection Section)> Named(YamlSection section, string key, string what, string prefix = "")
    {
        var found = new List<(string Name, YamlSection Section)>();
        int most = what switch { "environment" => MaxEnvironments, "role" => MaxRoles, _ => MaxIdentities };
        foreach ((YamlScalarNode name, YamlNode value) in section.Section(key).Entries)
        {
            if (what == "identity" ? !Names.IsPath(name.Value) : !Names.IsSegment(name.Value))
                throw Error(name, $"'{DisplayText.Clean(name.Value, 80)}' is no name of {(what == "role" ? "a" : "an")} {what}");
            if (found.Count == most)
                throw Error(name, $"'{prefix}{key}' has more than {most} entries, which is the most");
            if (found.Exists(other => Names.Same(other.Name, name.Value)))
                throw Error(name, $"'{name.Value}' is there twice; names have no case");
            found.Add((name.Value!, value switch
            {
                YamlMappingNode map => new YamlSection(path, $"{prefix}{key}.{name.Value}", map),
                YamlScalarNode { Value: null or "" } => new YamlSection(path, "", new YamlMappingNode()),
                _ => throw Error(value, $"'{prefix}{key}.{name.Value}' must hold keys and values"),
            }));
        }

        return found;
    }

    private PantryException Error(YamlNode node, string what) => YamlDocumentFile.Error(path, node.Start, what);
}
