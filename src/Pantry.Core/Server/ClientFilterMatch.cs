using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.Server;

/// <summary>The conditions of a list, ready to be asked about one client after the other.</summary>
internal sealed class ClientFilterMatch(ClientFilter filter)
{
    private readonly NamePattern[] _identities = [.. filter.Identities.Select(pattern => new NamePattern(pattern))];
    private readonly NamePattern? _application = NamePattern.Of(filter.Application);
    private readonly NamePattern? _environment = NamePattern.Of(filter.Environment);
    private readonly NamePattern? _role = NamePattern.Of(filter.Role);

    /// <summary>Whether the identities are names and not patterns, so that they can be looked up.</summary>
    public bool NamesAreLiteral => _identities.Length > 0 && _identities.All(pattern => pattern.IsLiteral);

    public bool Matches(ClientInfo client) => Matches(
        ClientLabels.Create(client.Identity, client.Application, client.Environment, client.Roles), client.Status);

    public bool Matches(ClientLabels client, ClientStatus status) =>
        (_identities.Length == 0 || _identities.Any(pattern => pattern.Matches(client.Identity)))
        && (_application?.Matches(client.Application) ?? true)
        && (_environment?.Matches(client.Environment) ?? true)
        && (_role is null || client.Roles.Any(_role.Matches))
        && (filter.Stream is null || TargetMatcher.HearsStream(client, filter.Stream))
        && (filter.Status is null || status == filter.Status);
}
