using Pantry.Targeting;

namespace Pantry.Security;

/// <summary>What an operator's scopes allow, all together; nothing is allowed that no scope covers.</summary>
internal static class Scopes
{
    /// <summary>Whether the command may be run on the client.</summary>
    public static bool Covers(IReadOnlyList<OperatorScope> scopes, string command, ClientLabels client) =>
        Covers(For(scopes, command), client);

    /// <summary>The same for many clients: of scopes that <see cref="For"/> gave, as wildcards take their time.</summary>
    public static bool Covers(IReadOnlyList<OperatorScope> able, ClientLabels client) => able.Any(scope => scope.CoversClient(client));

    /// <summary>The scopes that cover a command.</summary>
    public static IReadOnlyList<OperatorScope> For(IReadOnlyList<OperatorScope> scopes, string command) =>
        [.. scopes.Where(scope => scope.CoversCommand(command))];

    /// <summary>
    /// Whether an order may go to the target, whoever is in it: each part of it must lie below a scope. Lists of clients
    /// are no such part; each of their clients is looked at by itself.
    /// </summary>
    public static bool CoversTarget(IReadOnlyList<OperatorScope> scopes, string command, TargetStatement target)
    {
        IReadOnlyList<OperatorScope> able = For(scopes, command);
        if (able.Count == 0 || target.IsEmpty)
            return false;
        return (!target.Everyone || able.Any(scope => scope.CoversEveryone))
            && target.Streams.All(stream => able.Any(scope => scope.CoversTarget(stream)))
            && (target.Labels is not { } labels || able.Any(scope => CoversLabels(scope, labels)));
    }

    // Without an application, clients of any can be meant; without an environment, a role is found in all of them.
    private static bool CoversLabels(OperatorScope scope, LabelTarget labels)
    {
        if (scope.CoversEveryone || labels.Application is null)
            return scope.CoversEveryone;
        string path = labels.Environment is null
            ? labels.Application
            : string.Join('.', new[] { labels.Application, labels.Environment, labels.Role }.OfType<string>());
        return scope.CoversTarget(path);
    }
}
