using System.Security.Cryptography;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.Security;

/// <summary>What an operator signs when giving an order.</summary>
/// <param name="Version">Version of this statement; see <see cref="CurrentVersion"/>.</param>
/// <param name="Network">Id of the fleet.</param>
/// <param name="Job">Id of the job; no client runs one twice.</param>
/// <param name="Operator">Name of the operator in the trust bundle.</param>
/// <param name="IssuedAt">When the order was given, by the operator's clock.</param>
/// <param name="NotAfter">No client starts the order later than this.</param>
/// <param name="Target">Whom it is meant for.</param>
/// <param name="Command">Name of the command.</param>
/// <param name="Format">How the arguments are written.</param>
/// <param name="ArgumentsDigest">SHA-256 of the arguments, which travel beside the order.</param>
/// <param name="SecretsDigest">SHA-256 of the sealed secrets, where there are any.</param>
/// <param name="TimeoutSeconds">How long the command may run.</param>
/// <param name="RunAs">The user that the command runs as, where it is not the client's own.</param>
internal sealed record OrderStatement(
    int Version, string Network, string Job, string Operator, DateTimeOffset IssuedAt, DateTimeOffset NotAfter, TargetStatement Target,
    string Command, BodyFormat Format, byte[] ArgumentsDigest, byte[]? SecretsDigest, double TimeoutSeconds, string? RunAs = null)
{
    public const int CurrentVersion = 1;

    /// <summary>Lists of one order; with all of them full, more clients than a server takes.</summary>
    public const int MaxLists = 512;

    /// <summary>What a journal of seen orders must remember at most, clock skew aside.</summary>
    public static readonly TimeSpan MaxValidity = TimeSpan.FromDays(8);

    private const int MaxJobLength = 64;
    private const int MaxTextLength = 255;

    /// <summary>What a statement says of arguments, or of sealed secrets.</summary>
    public static byte[] Digest(ReadOnlySpan<byte> bytes) => SHA256.HashData(bytes);

    /// <summary>What is wrong with the statement in itself; null where nothing is.</summary>
    internal string? Fault()
    {
        if (!IsText(Job, MaxJobLength) || !IsText(Operator, MaxTextLength) || !IsText(Command, MaxTextLength) || (RunAs is not null && !IsText(RunAs, MaxTextLength)))
            return "its job, operator, command or user is no name";
        if (NotAfter < IssuedAt || NotAfter - IssuedAt > MaxValidity)
            return $"it is good from {IssuedAt:u} until {NotAfter:u}; an order is good for {MaxValidity.TotalDays} days at most";
        if (!double.IsFinite(TimeoutSeconds) || TimeoutSeconds <= 0)
            return "its time to run is none";
        if (ArgumentsDigest.Length != SHA256.HashSizeInBytes || (SecretsDigest is not null && SecretsDigest.Length != SHA256.HashSizeInBytes))
            return "a digest has the wrong length";
        return TargetFault();
    }

    private string? TargetFault()
    {
        if (Target.IsEmpty)
            return "it is meant for nobody";
        if (Target.Streams.Count > Targeting.Target.MaxStreams || !Target.Streams.All(Names.IsPath))
            return $"its streams are no streams, or more than {Targeting.Target.MaxStreams}";
        if (Target.Labels is { } labels
            && (labels is (null, null, null) || new[] { labels.Application, labels.Environment, labels.Role }.OfType<string>().Any(label => !Names.IsSegment(label))))
        {
            return "its labels are no labels";
        }

        if (Target.Lists.Count > MaxLists || Target.Lists.Any(digest => digest.Length != TargetTags.DigestLength))
            return $"its lists of clients are none, or more than {MaxLists}";
        if (Target.Lists.Count > 0 ? !TargetTags.IsEntryLength(Target.EntryLength) : Target.EntryLength != 0)
            return "its lists of clients are not as long as they must be";
        return SecretsDigest is not null && Target.EntryLength != TargetTags.LongEntryLength
            ? "it has secrets and no keys to open them"
            : null;
    }

    private static bool IsText(string text, int maxLength) =>
        text.Length > 0 && text.Length <= maxLength && !text.Any(char.IsControl);
}
