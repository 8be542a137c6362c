using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Pantry.Protocol;

namespace Pantry.Security;

/// <summary>
/// What is signed, as JSON. Unlike on the wire, properties that are not known are refused: an older Pantry must not
/// pass over a restriction that it does not understand.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    Converters = [typeof(NamedEnum<BodyFormat>)],
    MaxDepth = 12,
    AllowDuplicateProperties = false,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(TrustBundle))]
[JsonSerializable(typeof(RootHandover))]
[JsonSerializable(typeof(SignedBundle))]
[JsonSerializable(typeof(BundleKeeperState))]
[JsonSerializable(typeof(OrderStatement))]
[JsonSerializable(typeof(Dictionary<string, byte[]>))]
internal sealed partial class SecurityJson : JsonSerializerContext
{
    public static byte[] ToBytes<T>(T value, JsonTypeInfo<T> type) => JsonSerializer.SerializeToUtf8Bytes(value, type);

    /// <summary>The value that the bytes hold; null where they hold none, or are more than allowed.</summary>
    public static T? TryRead<T>(ReadOnlySpan<byte> bytes, JsonTypeInfo<T> type, long maxBytes)
        where T : class
    {
        if (bytes.Length > maxBytes)
            return null;
        try
        {
            return WireJson.HasNullInList(bytes) ? null : JsonSerializer.Deserialize(bytes, type);
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException or FormatException
            or ArgumentException or OverflowException or InvalidOperationException)
        {
            return null;
        }
    }
}
