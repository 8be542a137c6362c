using System.Collections.Concurrent;
using Pantry.Targeting;

namespace Pantry.Security;

/// <summary>
/// Who may give orders in a fleet. The fleet's root key signs it; its serial only ever grows, so that nobody can bring
/// back an operator who was removed.
/// </summary>
/// <param name="Network">Id of the fleet.</param>
/// <param name="Serial">Grows with every change.</param>
/// <param name="IssuedAt">When it was signed.</param>
/// <param name="Operators">The operators, each with names and keys of its own.</param>
internal sealed record TrustBundle(string Network, long Serial, DateTimeOffset IssuedAt, IReadOnlyList<OperatorEntry> Operators)
{
    public const int MaxBytes = 1024 * 1024;
    public const int MaxOperators = 1000;

    private const int MaxNetworkLength = 255;

    // By their bytes, so that a bundle that was made of another one can share them.
    private readonly ConcurrentDictionary<string, VerifyKey?> _signingKeys = new();

    /// <summary>The key that an operator signs with, read once, which takes longer than to verify with it; null where the bytes are none.</summary>
    public VerifyKey? SigningKeyOf(OperatorEntry entry) =>
        _signingKeys.GetOrAdd(Convert.ToBase64String(entry.SigningKey), static (_, bytes) => VerifyKey.TryFromBytes(bytes), entry.SigningKey);

    public OperatorEntry? Find(string name) => Operators.FirstOrDefault(entry => Names.Same(entry.Name, name));

    public OperatorEntry? FindBySessionKey(PublicKey key)
    {
        string text = key.ToString();
        return Operators.FirstOrDefault(entry => entry.SessionKey == text);
    }

    /// <summary>The next bundle, with this operator added or changed.</summary>
    public TrustBundle With(OperatorEntry entry, DateTimeOffset? issuedAt = null) =>
        Next([.. Operators.Where(other => !Names.Same(other.Name, entry.Name)), entry], issuedAt);

    /// <summary>The next bundle, without this operator.</summary>
    public TrustBundle Without(string name, DateTimeOffset? issuedAt = null) =>
        Next([.. Operators.Where(other => !Names.Same(other.Name, name))], issuedAt);

    /// <summary>What is wrong with the bundle; null where nothing is.</summary>
    internal string? Fault()
    {
        if (Network.Length is 0 or > MaxNetworkLength || Serial < 0)
            return "it has no fleet or no serial";
        if (Operators.Count > MaxOperators)
            return $"it has {Operators.Count} operators; {MaxOperators} is the most";
        if (Operators.Select(entry => entry.Fault()).OfType<string>().FirstOrDefault() is { } fault)
            return fault;

        // Whoever signs or connects must be one operator only.
        var names = new HashSet<string>(Names.Comparer);
        var keys = new HashSet<string>(StringComparer.Ordinal);
        return Operators.FirstOrDefault(entry => !names.Add(entry.Name) || !keys.Add(entry.SessionKey) || !keys.Add(Convert.ToHexString(entry.SigningKey))) is { } twin
            ? $"the name or a key of '{twin.Name}' is another operator's too"
            : null;
    }

    private TrustBundle Next(IReadOnlyList<OperatorEntry> operators, DateTimeOffset? issuedAt) =>
        new(Network, checked(Serial + 1), issuedAt ?? IssuedAt, operators);
}
