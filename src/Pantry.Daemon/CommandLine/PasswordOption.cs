using System.CommandLine;

namespace Pantry.Daemon.CommandLine;

/// <summary>A password, which is never on the command line: other users of the machine can see that.</summary>
internal sealed class PasswordOption(string name, string whose)
{
    private readonly Option<string?> _file = new(name) { Description = $"File whose first line is the password of {whose}; '-' reads it from standard input.", HelpName = "file" };

    public void AddTo(Command command) => command.Options.Add(_file);

    public bool IsGiven(ParseResult parsed) => parsed.GetValue(_file) is not null;

    /// <summary>The password; null where none was given.</summary>
    /// <exception cref="PantryException">The file cannot be read, or there is nothing in it.</exception>
    public async Task<string?> ReadAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(_file) is not { } file)
            return null;
        return await StandardInput.ReadLineAsync(_file.Name, file, cancellation) is { Length: > 0 } line ? line
            : throw new PantryException(PantryErrorCode.InvalidArgument, $"{_file.Name} is '{DisplayText.Clean(file, 200)}', and its first line is empty. An empty password protects nothing: leave it out, or give one.");
    }
}
