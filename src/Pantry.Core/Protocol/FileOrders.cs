using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pantry.Protocol;

/// <summary>The two commands that move files, which the server understands too: their orders are what grants the trees they name.</summary>
internal static class FileOrders
{
    /// <summary>Has clients fetch a tree and write it into a directory.</summary>
    public const string Receive = "ReceiveFiles";

    /// <summary>Has clients offer files to the server, for the operator to fetch.</summary>
    public const string Offer = "OfferFiles";

    /// <summary>The tree that an order's arguments name; null where they are no such arguments.</summary>
    public static ReceiveFilesArguments? ReadReceive(ReadOnlySpan<byte> arguments) => TryRead(arguments, FileOrderJson.Default.ReceiveFilesArguments);

    public static OfferFilesArguments? ReadOffer(ReadOnlySpan<byte> arguments) => TryRead(arguments, FileOrderJson.Default.OfferFilesArguments);

    public static FilesOutcome? ReadOutcome(ReadOnlySpan<byte> output) => TryRead(output, FileOrderJson.Default.FilesOutcome);

    public static byte[] Write(ReceiveFilesArguments arguments) => JsonSerializer.SerializeToUtf8Bytes(arguments, FileOrderJson.Default.ReceiveFilesArguments);

    public static byte[] Write(OfferFilesArguments arguments) => JsonSerializer.SerializeToUtf8Bytes(arguments, FileOrderJson.Default.OfferFilesArguments);

    private static T? TryRead<T>(ReadOnlySpan<byte> arguments, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return WireJson.HasNullInList(arguments) ? null : JsonSerializer.Deserialize(arguments, type);
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException or FormatException
            or ArgumentException or OverflowException or InvalidOperationException)
        {
            return null;
        }
    }
}

/// <param name="Tree">Digest of the manifest, in hexadecimal digits.</param>
/// <param name="Destination">The directory to write into; made where it is missing.</param>
/// <param name="BytesPerSecond">The most that one client fetches; null for no limit.</param>
internal sealed record ReceiveFilesArguments(string Tree, string Destination, long? BytesPerSecond = null);

/// <param name="Paths">Files and directories; wildcards in names where <paramref name="Literal"/> is not set.</param>
/// <param name="Literal">Whether the paths have no wildcards.</param>
/// <param name="Exclude">Patterns of what is left out.</param>
/// <param name="MaxBytes">What one client may send at most.</param>
/// <param name="BytesPerSecond">The most that one client sends; null for no limit.</param>
/// <param name="KeepAcl">Whether access lists of Windows go along.</param>
internal sealed record OfferFilesArguments(
    IReadOnlyList<string> Paths, bool Literal = false, IReadOnlyList<string>? Exclude = null, long? MaxBytes = null, long? BytesPerSecond = null, bool KeepAcl = false);

/// <summary>What a client says of a transfer in its result.</summary>
/// <param name="Tree">Digest of the manifest.</param>
/// <param name="Files">Files of the tree.</param>
/// <param name="Bytes">Bytes of the tree.</param>
/// <param name="Written">Files that were written.</param>
/// <param name="Unchanged">Files that were right already.</param>
/// <param name="SentBytes">Bytes that went over the network.</param>
internal sealed record FilesOutcome(string Tree, int Files, long Bytes, int Written, int Unchanged, long SentBytes);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    MaxDepth = 4,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ReceiveFilesArguments))]
[JsonSerializable(typeof(OfferFilesArguments))]
[JsonSerializable(typeof(FilesOutcome))]
internal sealed partial class FileOrderJson : JsonSerializerContext;
