using System.Text.Json.Serialization;

namespace Pantry.Targeting;

/// <summary>What a client is addressed by.</summary>
internal sealed record ClientLabels
{
    /// <summary>What a client with nothing set shows as its streams.</summary>
    public const string EveryStream = "*";

    /// <summary>Roles of one client; each is a stream of its own.</summary>
    public const int MaxRoles = 64;

    public required string Identity { get; init; }

    public string? Application { get; init; }

    public string? Environment { get; init; }

    [JsonRequired]
    public IReadOnlyList<string> Roles { get; init; } = [];

    /// <summary>Whether nothing is set: such a client hears the orders of every stream.</summary>
    [JsonIgnore]
    public bool Unlabelled => Application is null && Environment is null && Roles.Count == 0;

    /// <summary>
    /// The streams of the labels, broadest first: application, application.environment, then one for every role;
    /// unset levels are skipped. Empty for a client with nothing set.
    /// </summary>
    public IReadOnlyList<string> StreamPaths()
    {
        var streams = new List<string>(2 + Roles.Count);
        string prefix = "";
        foreach (string? level in (ReadOnlySpan<string?>)[Application, Environment])
        {
            if (level is null)
                continue;
            prefix = Join(prefix, level);
            streams.Add(prefix);
        }

        foreach (string role in Roles)
            streams.Add(Join(prefix, role));
        return streams;
    }

    /// <summary>The streams as a user sees them: <c>*</c> for a client with nothing set.</summary>
    public IReadOnlyList<string> ShownStreams() => Unlabelled ? [EveryStream] : StreamPaths();

    /// <summary>Whether these labels claim no more than others: the same identity, application and environment, and none but their roles.</summary>
    public bool IsWithin(ClientLabels approved) =>
        Names.Same(Identity, approved.Identity)
        && Names.Same(Application, approved.Application)
        && Names.Same(Environment, approved.Environment)
        && Roles.All(role => approved.Roles.Contains(role, Names.Comparer))
        // Without any label left it would hear every stream.
        && (!Unlabelled || approved.Unlabelled);

    /// <summary>
    /// Whether these labels are what is claimed, with what the claim leaves unsaid filled in: application and environment
    /// are as claimed where they are, and where roles are claimed there are some of those and no others.
    /// </summary>
    public bool Completes(ClientLabels claim) =>
        Names.Same(Identity, claim.Identity)
        && (claim.Application is null || Names.Same(Application, claim.Application))
        && (claim.Environment is null || Names.Same(Environment, claim.Environment))
        // Some: with no role left, who claims nothing but roles would hear every stream.
        && (claim.Roles.Count == 0 || (Roles.Count > 0 && Roles.All(role => claim.Roles.Contains(role, Names.Comparer))));

    /// <summary>Checks every name and drops empty and repeated ones.</summary>
    /// <exception cref="PantryException">A name is not allowed, or there are too many roles.</exception>
    public static ClientLabels Create(string identity, string? application, string? environment, IEnumerable<string>? roles)
    {
        var labels = new ClientLabels
        {
            Identity = Names.RequireIdentity(identity),
            Application = Names.RequireSegment(application, "application"),
            Environment = Names.RequireSegment(environment, "environment"),
            Roles = [.. (roles ?? []).Where(role => !string.IsNullOrEmpty(role)).Select(role => Names.RequireSegment(role, "role")!).Distinct(Names.Comparer)],
        };
        return labels.Roles.Count <= MaxRoles
            ? labels
            : throw new PantryException(PantryErrorCode.InvalidName, $"{labels.Roles.Count} roles are too many for a client: {MaxRoles} is the most. Give fewer with -Role, or in its file's list of roles.") { Target = identity };
    }

    private static string Join(string prefix, string level) => prefix.Length == 0 ? level : $"{prefix}.{level}";
}
