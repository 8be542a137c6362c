using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pantry.Security;

namespace Pantry.Storage;

/// <summary>How far the audit log has come, signed: whoever keeps one can tell later that nothing up to it was changed or cut off.</summary>
/// <param name="Network">The network whose log it is.</param>
/// <param name="Sequence">The last record.</param>
/// <param name="Hash">That record's hash.</param>
/// <param name="At">When it was signed.</param>
/// <param name="Signature">By the audit key.</param>
internal sealed record AuditCheckpoint(string Network, long Sequence, byte[] Hash, DateTimeOffset At, byte[] Signature)
{
    private const int MaxBytes = 4096;

    private static ReadOnlySpan<byte> Context => "Pantry audit checkpoint"u8;

    public static AuditCheckpoint Sign(string network, long sequence, byte[] hash, DateTimeOffset at, SigningKey key) =>
        new(network, sequence, hash, at, key.Sign(Context, Statement(network, sequence, hash, at)));

    public bool IsSignedBy(VerifyKey key) => key.Verify(Context, Statement(Network, Sequence, Hash, At), Signature);

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, AuditJson.Default.AuditCheckpoint);

    /// <summary>Null where the bytes are no checkpoint.</summary>
    public static AuditCheckpoint? TryParse(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return bytes.Length <= MaxBytes ? JsonSerializer.Deserialize(bytes, AuditJson.Default.AuditCheckpoint) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static byte[] Statement(string network, long sequence, byte[] hash, DateTimeOffset at)
    {
        byte[] numbers = new byte[2 * sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(numbers, sequence);
        BinaryPrimitives.WriteInt64BigEndian(numbers.AsSpan(sizeof(long)), at.UtcTicks);
        return [.. numbers, (byte)Math.Min(hash.Length, byte.MaxValue), .. hash, .. Encoding.UTF8.GetBytes(network)];
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, MaxDepth = 4)]
[JsonSerializable(typeof(AuditCheckpoint))]
internal sealed partial class AuditJson : JsonSerializerContext;
