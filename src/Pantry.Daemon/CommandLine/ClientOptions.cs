using System.CommandLine;

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
    private readonly Option<string?> _token = new("--token") { Description = "A one-time token. Other users of this machine can see a command line while it runs: '-' reads it from standard input." };
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

    public string? ConfigFile(ParseResult parsed) => parsed.GetValue(_config);

    public ClientConfigurationSource Read(ParseResult parsed, CommonOptions common)
    {
        string? file = parsed.GetValue(_file), server = common.Server(parsed);
        if (file is not null && (server is not null || parsed.GetValue(_serverKey) is not null || parsed.GetValue(_token) is not null || _labels.AreGiven(parsed)))
        {
            throw new PantryException(PantryErrorCode.InvalidArgument,
                "An enrolment's file says where the server is and what the client is. Give --file alone, or --server and --server-key without it.");
        }

        return new ClientConfigurationSource(ConfigOf(parsed), new ClientOverrides
        {
            Path = parsed.GetValue(_path),
            Server = server,
            PublishPort = parsed.GetValue(_publishPort),
            ServerKey = parsed.GetValue(_serverKey),
            Token = parsed.GetValue(_token) is "-" ? Console.In.ReadLine()?.Trim() : parsed.GetValue(_token),
            EnrollmentFile = file,
            Identity = parsed.GetValue(_identity),
            Application = _labels.Application(parsed),
            Environment = _labels.Environment(parsed),
            Roles = _labels.Roles(parsed) is { Length: > 0 } roles ? roles : null,
        });
    }

    // The file that enrolling is to write need not be there yet.
    private string? ConfigOf(ParseResult parsed) => ConfigFile(parsed) is { } path && (parsed.CommandResult.Command.Name != "enroll" || File.Exists(path)) ? path : null;
}
