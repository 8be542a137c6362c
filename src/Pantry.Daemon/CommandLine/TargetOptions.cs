using System.CommandLine;
using Pantry.Targeting;

namespace Pantry.Daemon.CommandLine;

/// <summary>Whom an order is for: exactly one of clients, streams, labels or all.</summary>
internal sealed class TargetOptions
{
    private readonly Option<string[]> _client = Many("--client", "-c", "Clients by identity, separated by commas.");
    private readonly Option<string[]> _stream = Many("--stream", "-s", "Streams: every client that hears one of them.");
    private readonly Option<string?> _application = new("--application") { Description = "Clients of an application; with --environment and --role, those that match all." };
    private readonly Option<string?> _environment = new("--environment") { Description = "Clients of an environment." };
    private readonly Option<string?> _role = new("--role") { Description = "Clients with a role." };
    private readonly Option<bool> _all = new("--all") { Description = "Every client." };

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_client, _stream, _application, _environment, _role, _all])
            command.Options.Add(option);
    }

    /// <exception cref="PantryException">No target was given, or more than one kind.</exception>
    public Target Read(ParseResult parsed)
    {
        string[] clients = parsed.GetValue(_client) ?? [], streams = parsed.GetValue(_stream) ?? [];
        (string? application, string? environment, string? role) = (parsed.GetValue(_application), parsed.GetValue(_environment), parsed.GetValue(_role));
        bool all = parsed.GetValue(_all), byLabels = application is not null || environment is not null || role is not null;
        int ways = (clients.Length > 0 ? 1 : 0) + (streams.Length > 0 ? 1 : 0) + (byLabels ? 1 : 0) + (all ? 1 : 0);
        return ways switch
        {
            0 => throw new PantryException(PantryErrorCode.NoTarget,
                "No target was given, so nothing was sent. Give --client, --stream, or --application, --environment, --role; for every client, --all."),
            > 1 => throw new PantryException(PantryErrorCode.InvalidArgument,
                "More than one kind of target was given. Give one of --client, --stream, --all, or --application, --environment and --role."),
            _ => clients.Length > 0 ? Target.Clients(clients)
                : streams.Length > 0 ? Target.OfStreams(streams)
                : all ? Target.All
                : Target.OfLabels(application, environment, role),
        };
    }

    /// <summary>An option that may be given several times, and whose values may have commas between them.</summary>
    public static Option<string[]> Many(string name, string? alias, string description) => new(name, alias is null ? [] : [alias])
    {
        Description = description,
        AllowMultipleArgumentsPerToken = false,
        CustomParser = result => [.. result.Tokens.SelectMany(token => token.Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))],
    };
}
