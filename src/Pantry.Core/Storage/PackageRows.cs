using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Data.Sqlite;
using Pantry.Provisioning.Packages;

namespace Pantry.Storage;

/// <summary>Packages as rows of the database.</summary>
internal static class PackageRows
{
    public static StoredPackage Read(SqliteDataReader reader)
    {
        PackageDependency[] dependencies = JsonSerializer.Deserialize(reader.Text("dependencies"), PackageRowsJson.Default.PackageDependencyArray)
            ?? throw new FormatException("A package's dependencies are no list.");
        PackageDeclaration declaration;
        try
        {
            declaration = PackageDeclaration.Stored(reader.Text("name"), reader.Text("version"), reader.Text("kind"), reader.TextOrNull("description"), dependencies);
        }
        catch (PantryException invalid)
        {
            throw new FormatException(invalid.Message, invalid);
        }

        return new StoredPackage(
            new PackageEdition(declaration, reader.Text("digest")),
            (int)reader.GetInt64(reader.GetOrdinal("files")), reader.GetInt64(reader.GetOrdinal("size")), reader.Time("published_at"), reader.Text("published_by"));
    }

    public static void Add(SqliteConnection connection, StoredPackage package) => connection.Run("""
        INSERT INTO packages (name, version, kind, description, dependencies, digest, files, size, published_at, published_by)
        VALUES ($name, $version, $kind, $description, $dependencies, $digest, $files, $size, $published_at, $published_by)
        """,
        ("$name", package.Declaration.Name), ("$version", package.Declaration.Version.ToString()), ("$kind", package.Declaration.Kind),
        ("$description", package.Declaration.Description),
        ("$dependencies", JsonSerializer.Serialize([.. package.Declaration.Dependencies.Select(need => new PackageDependency(need.Name, need.Range.Text))], PackageRowsJson.Default.PackageDependencyArray)),
        ("$digest", package.Edition.Digest), ("$files", package.Files), ("$size", package.Size),
        ("$published_at", package.PublishedAt), ("$published_by", package.PublishedBy));
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(PackageDependency[]))]
internal sealed partial class PackageRowsJson : JsonSerializerContext;
