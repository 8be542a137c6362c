using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Pantry.Storage;

/// <summary>
/// How records hang together: each one's hash is SHA-256 over the hash before it and the record's fields, every field
/// with its length, so that no two records have the same bytes. The first hangs on the network's name.
/// </summary>
internal static class AuditChain
{
    private const int MaxText = 1024;
    private const int MaxDetail = 1024 * 1024;

    public static byte[] Start(string network) => SHA256.HashData(Encoding.UTF8.GetBytes($"Pantry audit log\0{network}"));

    public static byte[] Next(byte[] previous, AuditRecord record)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(previous);
        AppendNumber(hash, record.Sequence);
        AppendNumber(hash, record.At.UtcTicks);
        foreach (string? field in (ReadOnlySpan<string?>)[record.Actor, record.Key, record.From, record.Action, record.Target, record.Job, record.Outcome, record.Detail])
        {
            byte[] bytes = field is null ? [] : Encoding.UTF8.GetBytes(field);
            AppendNumber(hash, field is null ? -1 : bytes.Length);
            hash.AppendData(bytes);
        }

        return hash.GetHashAndReset();
    }

    /// <summary>The record of an entry: its texts as the database gives them back, and none of them boundless.</summary>
    public static AuditRecord Record(long sequence, DateTimeOffset at, AuditEvent entry) => new(
        sequence, at, Text(entry.Actor)!, Text(entry.Key), Text(entry.From), Text(entry.Action)!, Text(entry.Target), Text(entry.Job), Text(entry.Outcome)!, Detail(entry.Detail));

    // Control characters do not all survive a database, and none of them belongs into a log.
    private static string? Text(string? text) => text is null ? null : Whole(DisplayText.Clean(text, MaxText));

    private static string Detail(string detail)
    {
        if (detail.Length <= MaxDetail)
            return Whole(DisplayText.Clean(detail));
        string digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(detail)));
        return string.Create(CultureInfo.InvariantCulture, $$"""{"omitted":{{detail.Length}},"sha256":"{{digest}}"}""");
    }

    // Half a surrogate pair has no UTF-8 and would come back as something else.
    private static string Whole(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));

    private static void AppendNumber(IncrementalHash hash, long number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, number);
        hash.AppendData(bytes);
    }
}
