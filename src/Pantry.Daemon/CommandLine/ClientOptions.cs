using System.CommandLine;
using Pantry.Configuration.Settings;
using Pantry.Daemon.Configuration;
using Pantry.Transport;

namespace Pantry.Daemon.CommandLine;

/// <summary>What can be said of a client on the command line.</summary>
internal sealed class ClientOptions
{
    private readonly Option<string?> _config = new("--config") { Description = $"The configuration file; by default {DefaultPaths.ClientConfiguration}, where it is there.", HelpName = "file" };
    private readonly Option<string?> _path = new("--path") { Description = $"The client's own directory; by default {DefaultPaths.ClientDirectory}.", HelpName = "directory" };
    private readonly Option<string?> _identity = new("--identity") { Description = "Unique name of the client; by default the host's." };
    private readonly LabelOptions _labels = new();
    private readonly Option<string?> _file = new("--file") { Description = "The enrolment's file, as 'pantry enroll' or New-PantryEnrollment made it.", HelpName = "file" };
    private readonly Option<string?> _serverKey = new("--server-key") { Description = "The server's public key, as its PublicKey shows it.", HelpName = "key" };
    private readonly Option<string?> _token = new("--token") { Description = "A one-time token; '-' reads it from standard input, since other users of this machine can see a command line while it runs." };
    private readonly Option<int?> _publishPort = ServerVerb.Port("--publish-port", "Port that the server publishes orders on, where it is not the usual one.");

    public void AddTo(Command command)
    {
        command.Options.Add(_config);
        command.Options.Add(_path);
        command.Options.Add(_identity);
        _labels.AddTo(command);
    }

    /// <summary>What matters only when a client is let in.</summary>
    public void AddJoiningTo(Command command)
    {
        foreach (Option option in (Option[])[_file, _serverKey, _token, _publishPort])
            command.Options.Add(option);
    }

    /// <summary>The configuration file that was named, or the usual one, whether it is there or not.</summary>
    public string ConfigFile(ParseResult parsed) => Path.GetFullPath(parsed.GetValue(_config) ?? DefaultPaths.ClientConfiguration);

    /// <summary>The settings of a client that is to run.</summary>
    public HostSource Source(ParseResult parsed, ConnectionOptions connection) => new(ConfigurationKind.Client, parsed.GetValue(_config), Overrides(parsed, connection));

    /// <summary>The settings of a client that is to be let in, whose configuration file is perhaps not there yet; and what lets it in.</summary>
    public async Task<(HostSource Source, ClientEntry Entry)> JoiningAsync(ParseResult parsed, ConnectionOptions connection, CancellationToken cancellation)
    {
        string? file = parsed.GetValue(_file), token = parsed.GetValue(_token);
        if (file is not null && (connection.Server(parsed) is not null || parsed.GetValue(_serverKey) is not null || token is not null || _labels.AreGiven(parsed)))
        {
            throw new PantryException(PantryErrorCode.InvalidArgument,
                "An enrolment's file says where the server is and what the client is. Give --file alone, or --server and --server-key without it.");
        }

        SettingOverrides overrides = Overrides(parsed, connection)
            .Set("networking.server_key", parsed.GetValue(_serverKey), "--server-key")
            .Set("networking.pub_sub_port", parsed.GetValue(_publishPort), "--publish-port");
        string? config = parsed.GetValue(_config);
        if (token == "-")
        {
            token = (await StandardInput.ReadLineAsync(_token.Name, token, cancellation)).Trim() is { Length: > 0 } line ? line
                : throw new PantryException(PantryErrorCode.InvalidArgument, "--token is '-', and standard input has no token in its first line. Pipe one in, or leave --token out to wait for an approval.");
        }

        return (
            new HostSource(ConfigurationKind.Client, config is not null && File.Exists(config) ? config : null, overrides),
            new ClientEntry(file, token));
    }

    private SettingOverrides Overrides(ParseResult parsed, ConnectionOptions connection)
    {
        var overrides = new SettingOverrides();
        if (connection.Server(parsed) is { } server)
        {
            // A port beside the address is the one for answers.
            (string host, int port) = Addresses.Parse(server, 0);
            overrides.Set("networking.server_host", host, "--server").Set("networking.receive_port", port > 0 ? port : null, "--server");
        }

        return overrides
            .Set("client.path", parsed.GetValue(_path), "--path")
            .Set("client.identity", parsed.GetValue(_identity), "--identity")
            .Set("client.application", _labels.Application(parsed), "--application")
            .Set("client.environment", _labels.Environment(parsed), "--environment")
            .Set("client.roles", _labels.Roles(parsed) is { Length: > 0 } roles ? roles : null, "--role");
    }
}
