using Pantry.Targeting;

namespace Pantry.Operators;

/// <summary>The targets of an order by the secrets that they may open: those that may open the same are a group.</summary>
internal sealed class SecretGroups
{
    private readonly Dictionary<string, int> _groups = new(Names.Comparer);

    private SecretGroups(IReadOnlyList<IReadOnlyDictionary<string, byte[]>> values) => Values = values;

    /// <summary>The secrets of each group.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, byte[]>> Values { get; }

    /// <summary>The groups of a request; null where it has no secrets.</summary>
    public static SecretGroups? Of(JobRequest request, IReadOnlyList<string> targets)
    {
        if (request.Secrets is not { Count: > 0 } secrets)
            return null;
        if (request.SecretsOf is not { } secretsOf)
            return new SecretGroups([secrets]);
        var sets = targets.GroupBy(target => string.Join('\n', secretsOf(target).Order(Names.Comparer)), Names.Comparer).ToList();
        var groups = new SecretGroups([.. sets.Select(set => Some(secrets, secretsOf(set.First())))]);
        foreach ((int index, IGrouping<string, string> set) in sets.Index())
        {
            foreach (string target in set)
                groups._groups[target] = index;
        }

        return groups;
    }

    /// <summary>The group of a target.</summary>
    public int Of(string target) => _groups.GetValueOrDefault(target);

    private static Dictionary<string, byte[]> Some(IReadOnlyDictionary<string, byte[]> secrets, IReadOnlyList<string> names) =>
        secrets.Where(secret => names.Contains(secret.Key, Names.Comparer)).ToDictionary();
}
