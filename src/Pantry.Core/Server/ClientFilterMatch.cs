using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.Server;

/// <summary>The conditions of a list, ready to be asked about one client after the other.</summary>
internal sealed class ClientFilterMatch
{
    private readonly HashSet<string> _names = new(Names.Comparer);
    private readonly List<NamePattern> _patterns = [];
    private readonly NamePattern? _application;
    private readonly NamePattern? _environment;
    private readonly NamePattern? _role;
    private readonly ClientFilter _filter;

    public ClientFilterMatch(ClientFilter filter)
    {
        _filter = filter;
        foreach (string identity in filter.Identities)
        {
            var pattern = new NamePattern(identity);
            if (pattern.IsLiteral)
                _names.Add(identity);
            else
                _patterns.Add(pattern);
        }

        _application = NamePattern.Of(filter.Application);
        _environment = NamePattern.Of(filter.Environment);
        _role = NamePattern.Of(filter.Role);
    }

    /// <summary>The names there are to look up; null where others may match too.</summary>
    public IReadOnlyCollection<string>? Identities => _names.Count > 0 && _patterns.Count == 0 ? _names : null;

    /// <summary>The one application that is asked for; null where several may match.</summary>
    public string? Application => _application is { IsLiteral: true } ? _filter.Application : null;

    /// <summary>The one environment that is asked for; null where several may match.</summary>
    public string? Environment => _environment is { IsLiteral: true } ? _filter.Environment : null;

    /// <summary>The one role that is asked for; null where several may match.</summary>
    public string? Role => _role is { IsLiteral: true } ? _filter.Role : null;

    public string? Stream => _filter.Stream;

    public bool Matches(ClientInfo client) => Matches(
        ClientLabels.Create(client.Identity, client.Application, client.Environment, client.Roles), client.Status);

    public bool Matches(ClientLabels client, ClientStatus status) =>
        (_filter.Identities.Count == 0 || _names.Contains(client.Identity) || _patterns.Exists(pattern => pattern.Matches(client.Identity)))
        && NamePattern.Fits(_application, client.Application)
        && NamePattern.Fits(_environment, client.Environment)
        && (_role is null || client.Roles.Any(_role.Matches))
        && (_filter.Stream is null || TargetMatcher.HearsStream(client, _filter.Stream))
        && (_filter.Status is null || status == _filter.Status);
}
