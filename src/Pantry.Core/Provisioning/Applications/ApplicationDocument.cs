using System.Text;
using Pantry.Configuration;
using Pantry.Targeting;

namespace Pantry.Provisioning.Applications;

/// <summary>
/// An application's document: which packages its clients get, with which parameters, and what is applied in which order.
/// Its layers stand from the most general to the most specific: application, environments, roles, roles of an environment,
/// identities; of the same rank in the document's order.
/// </summary>
internal sealed record ApplicationDocument(string Name, string? Description, IReadOnlyList<ApplicationLayer> Layers)
{
    /// <summary>More than people write.</summary>
    public const int MaxBytes = 256 * 1024;

    /// <summary>What the application's clients with these labels have, the most general first.</summary>
    public IEnumerable<ApplicationLayer> LayersFor(ClientLabels client) => Layers.Where(layer => layer.IsFor(client));

    /// <summary>Every package that is named, whomever it is for.</summary>
    public IEnumerable<string> PackageNames => Layers.SelectMany(layer => layer.Packages).Select(need => need.Name).Distinct(Names.Comparer);

    /// <param name="name">The application's name.</param>
    /// <param name="text">The document.</param>
    /// <param name="path">What errors call it; by default the name with <c>.yaml</c>.</param>
    /// <exception cref="PantryException">The document has an error; the message says where, and what was likely meant.</exception>
    public static ApplicationDocument Parse(string name, string text, string? path = null)
    {
        path ??= $"{name}.yaml";
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        if (bytes.Length > MaxBytes)
            throw new PantryException(PantryErrorCode.LimitReached, $"{path} has {bytes.Length:N0} bytes, and an application's document has at most {MaxBytes:N0}. Put large data into a package.") { Target = path };
        return new ApplicationReader(path).Read(name, YamlDocumentFile.Parse(path, bytes));
    }
}
