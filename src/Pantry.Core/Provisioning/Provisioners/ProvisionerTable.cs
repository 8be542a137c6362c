using Pantry.Provisioning.Provisioners.BuiltIn;
using Pantry.Provisioning.Provisioners.Definitions;

namespace Pantry.Provisioning.Provisioners;

/// <summary>What applies packages of a kind: Pantry's own provisioners, and those that somebody added to this client.</summary>
internal sealed class ProvisionerTable
{
    private readonly Dictionary<string, IProvisioner> _provisioners;

    private ProvisionerTable(IEnumerable<IProvisioner> provisioners) =>
        _provisioners = provisioners.ToDictionary(provisioner => provisioner.Kind, StringComparer.Ordinal);

    /// <summary>Kinds that Pantry applies by itself.</summary>
    public static IReadOnlyList<string> BuiltInKinds { get; } = [.. BuiltIns().Select(provisioner => provisioner.Kind)];

    public IEnumerable<string> Kinds => _provisioners.Keys.Order(StringComparer.Ordinal);

    /// <param name="definitions">Directory with the files of those that were added; null, or one that is not there, for none.</param>
    /// <param name="most">How many files it may have.</param>
    /// <exception cref="PantryException">A file has an error; the message says where.</exception>
    public static ProvisionerTable Load(string? definitions, int most) =>
        new(BuiltIns().Concat(DefinitionFolder.Load(definitions, most, BuiltInKinds).Select(definition => new DefinedProvisioner(definition))));

    /// <exception cref="PantryException">Nothing applies packages of the kind.</exception>
    public IProvisioner Find(string kind) => _provisioners.GetValueOrDefault(kind) ?? throw new PantryException(PantryErrorCode.NotOffered,
        $"This client has nothing that applies packages of kind '{DisplayText.Clean(kind, 40)}'. It has: {string.Join(", ", Kinds)}. Add a definition to its directory 'provisioners'.");

    private static IEnumerable<IProvisioner> BuiltIns() =>
    [
        new AnsibleProvisioner(), new ChefProvisioner(), new DockerProvisioner(), new DscProvisioner(), new PackerProvisioner(),
        new PowerShellProvisioner(), new PuppetProvisioner(), new SaltProvisioner(), new ScriptProvisioner(),
    ];
}
