using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pantry.Security;

namespace Pantry.Configuration;

/// <summary>Everything an operator's console needs: where the server is, whom to trust there, and the operator's own keys.</summary>
internal sealed record OperatorCredentials
{
    /// <summary>Name of the operator that every server makes for its own console.</summary>
    public const string ServersOwn = "local";

    public required string Name { get; init; }

    public required string Address { get; init; }

    public required int ReceivePort { get; init; }

    /// <summary>Port of files, where that is another one from here than the server says; else 0.</summary>
    public int FilePort { get; init; }

    /// <summary>HTTP CONNECT or SOCKS5 proxy to dial through; the console's own affair, and in no file of keys.</summary>
    [JsonIgnore]
    public Uri? Proxy { get; init; }

    /// <summary>The server's public key, in Z85.</summary>
    public required string ServerPublicKey { get; init; }

    public required string Network { get; init; }

    /// <summary>Secret key of sessions, in Z85.</summary>
    public required string SessionKey { get; init; }

    /// <summary>Key of signatures, PKCS#8 in PEM.</summary>
    public required string SigningKey { get; init; }

    public override string ToString() => $"{Name} at {Address}:{ReceivePort}";
}

/// <summary>An operator's credentials as a file: JSON, its owner's alone.</summary>
internal static class OperatorFile
{
    private const long MaxBytes = 64 * 1024;

    /// <summary>Writes a file that must not be there: keys that were replaced could not be had again.</summary>
    /// <exception cref="PantryException">There is one already, or it cannot be written.</exception>
    public static void Save(string path, OperatorCredentials credentials) => Write(credentials, bytes => KeyFile.WriteNew(path, bytes));

    /// <summary>Writes a file in the place of one that may be there: for keys that are good for one run of a server.</summary>
    /// <exception cref="PantryException">It cannot be written.</exception>
    public static void Replace(string path, OperatorCredentials credentials) => Write(credentials, bytes => KeyFile.Writing(path, () => PrivateFile.Replace(path, bytes)));

    private static void Write(OperatorCredentials credentials, Action<byte[]> write)
    {
        byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(credentials, OperatorFileJson.Default.OperatorCredentials);
        try
        {
            write(bytes);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <param name="path">The file.</param>
    /// <param name="ofService">Whether root may read it though it is a service's own.</param>
    /// <exception cref="PantryException">The file is not fit for use; the message says why.</exception>
    public static OperatorCredentials Load(string path, bool ofService = false) => KeyFile.Read(path, MaxBytes, bytes =>
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, OperatorFileJson.Default.OperatorCredentials) ?? throw Invalid(path, "It is empty.");
        }
        catch (JsonException exception)
        {
            throw Invalid(path, $"Line {exception.LineNumber + 1}, column {exception.BytePositionInLine + 1}: it is no operator's file as New-PantryOperator writes it.", exception);
        }
    }, ofService);

    private static PantryException Invalid(string path, string what, Exception? inner = null) =>
        new(PantryErrorCode.InvalidConfiguration, $"The operator file '{path}' cannot be used. {what}", inner) { Target = path };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, RespectNullableAnnotations = true, MaxDepth = 4)]
[JsonSerializable(typeof(OperatorCredentials))]
internal sealed partial class OperatorFileJson : JsonSerializerContext;
