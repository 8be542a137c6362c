using System.Collections;

namespace Pantry.PowerShell.Scripts;

/// <summary>Where one of a script's values belongs that is a secret: it travels sealed, and not among the others.</summary>
/// <param name="In">Which of the order's values: see the constants.</param>
/// <param name="Key">Index or key there.</param>
/// <param name="Value">Name of the secret that holds the value.</param>
/// <param name="User">Name of the secret that holds the user's name, where the value is a credential.</param>
internal sealed record SecretPlace(string In, object Key, string Value, string? User)
{
    public const string Arguments = nameof(Arguments);
    public const string Parameters = nameof(Parameters);
    public const string Using = nameof(Using);

    /// <summary>Variables of the script's own scope, which are nowhere else in the order.</summary>
    public const string Variables = nameof(Variables);

    public Hashtable ToTable() => new() { [nameof(In)] = In, [nameof(Key)] = Key, [nameof(Value)] = Value, [nameof(User)] = User };

    /// <summary>The place that a table describes; null where it describes none.</summary>
    public static SecretPlace? FromTable(Hashtable? table) =>
        table is not null && table[nameof(In)] is string where && table[nameof(Key)] is string or int && table[nameof(Value)] is string value
            ? new SecretPlace(where, table[nameof(Key)]!, value, table[nameof(User)] as string)
            : null;
}
