using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Pantry.Provisioning.Packages;
using Pantry.Targeting;

namespace Pantry.Provisioning.Resolution;

/// <summary>
/// A plan as it is signed, stored and sent: for whom it is, and exactly what they get. Clients that differ in nothing the application's document looks
/// at share one. It is written in one way only, so its SHA-256 names it.
/// </summary>
internal sealed record PlanDocument
{
    public const int CurrentFormat = 1;

    /// <summary>Largest document: a thousand packages, all identities an application can name, and the largest parameters fit.</summary>
    public const int MaxBytes = 4 * 1024 * 1024;

    public required int Format { get; init; }

    public required string Application { get; init; }

    public string? Environment { get; init; }

    /// <summary>The client's roles, sorted.</summary>
    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>The one client that it is for, where the application's document has a layer for that; null where it is for all others with these labels.</summary>
    public string? Identity { get; init; }

    /// <summary>Clients that it is not for, having layers of their own; sorted.</summary>
    public required IReadOnlyList<string> Except { get; init; }

    /// <summary>Revision of the application's document.</summary>
    public required int Revision { get; init; }

    /// <summary>The packages, dependencies before what needs them.</summary>
    public required IReadOnlyList<PantryPlanPackage> Packages { get; init; }

    /// <summary>What is applied, in order.</summary>
    public required IReadOnlyList<PantryPlanStep> Steps { get; init; }

    /// <summary>The parameters; in the place of a secret stands an object with its name as <c>$secret</c>.</summary>
    public required JsonObject Parameters { get; init; }

    /// <summary>Names of the secrets whose values are needed.</summary>
    public required IReadOnlyList<string> Secrets { get; init; }

    /// <summary>Why the document is not meant for a client; null where it is.</summary>
    public string? NotFor(ClientLabels client)
    {
        if (!Names.Same(Application, client.Application) || !Names.Same(Environment, client.Environment)
            || !Roles.SequenceEqual(client.Roles.Order(Names.Comparer), Names.Comparer))
        {
            return "it is for other labels";
        }

        return Identity is { } one
            ? Names.Same(one, client.Identity) ? null : $"it is for '{DisplayText.Clean(one, 80)}' alone"
            : Except.Contains(client.Identity, Names.Comparer) ? "this client has a layer of its own in the application's document" : null;
    }
}

/// <summary>A plan document with its bytes, and the digest that names it.</summary>
/// <param name="Document">What it says.</param>
/// <param name="Bytes">The bytes that are signed.</param>
/// <param name="Digest">SHA-256 of the bytes, in lower hexadecimal digits.</param>
internal sealed record WrittenPlan(PlanDocument Document, byte[] Bytes, string Digest)
{
    /// <exception cref="PantryException">It is larger than a plan may be.</exception>
    public static WrittenPlan Write(PlanDocument document)
    {
        byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(document, PlanDocumentJson.Default.PlanDocument);
        return bytes.Length <= PlanDocument.MaxBytes
            ? new WrittenPlan(document, bytes, DigestOf(bytes))
            : throw new PantryException(PantryErrorCode.LimitReached,
                $"The plan of application '{document.Application}' has {bytes.Length:N0} bytes, and {PlanDocument.MaxBytes:N0} is the most. Put large data into a package.")
            { Target = document.Application };
    }

    /// <exception cref="PantryException">The bytes are no plan document.</exception>
    public static WrittenPlan Read(byte[] bytes)
    {
        try
        {
            if (bytes.Length <= PlanDocument.MaxBytes && JsonSerializer.Deserialize(bytes, PlanDocumentJson.Default.PlanDocument) is { Format: PlanDocument.CurrentFormat } document
                && !HasNull(document) && HasNames(document))
            {
                return new WrittenPlan(document, bytes, DigestOf(bytes));
            }
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException or FormatException or ArgumentException or OverflowException or InvalidOperationException)
        {
            // Said below.
        }

        throw new PantryException(PantryErrorCode.InvalidArgument, "What came as a plan is none that this version of Pantry can read. Install the same version everywhere.");
    }

    /// <summary>The plan as users see it.</summary>
    public PantryPlan For(string client) => new()
    {
        Client = client,
        Application = Document.Application,
        Revision = Document.Revision,
        Packages = Document.Packages,
        Steps = Document.Steps,
        Parameters = Document.Parameters.ToJsonString(),
        Secrets = Document.Secrets,
        Digest = Digest,
    };

    private static string DigestOf(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static bool HasNull(PlanDocument document) =>
        document.Roles.Contains(null) || document.Except.Contains(null) || document.Secrets.Contains(null) || document.Packages.Contains(null) || document.Steps.Contains(null);

    // They are shown to whoever is asked, and become paths.
    private static bool HasNames(PlanDocument document) =>
        document.Packages.All(package => Names.IsPath(package.Name) && PackageVersions.TryParse(package.Version) is not null && Names.IsSegment(package.Kind))
        && document.Steps.All(step => Names.IsPath(step.Package) && PackageVersions.TryParse(step.Version) is not null && Names.IsSegment(step.Provisioner))
        && document.Secrets.All(Names.IsPath);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    AllowDuplicateProperties = false,
    MaxDepth = 40)]
[JsonSerializable(typeof(PlanDocument))]
internal sealed partial class PlanDocumentJson : JsonSerializerContext;
