using System.CommandLine;
using Pantry.Security;

namespace Pantry.Daemon.CommandLine;

/// <summary>The file of the fleet's root key, where that is not at the server.</summary>
internal sealed class RootKeyOptions
{
    private readonly Option<string?> _file = new("--root-key-file") { Description = "File of the fleet's root key, where that is not at the server: the change is signed here.", HelpName = "file" };
    private readonly PasswordOption _password = new("--root-key-password-file", "that file");

    public void AddTo(Command command)
    {
        command.Options.Add(_file);
        _password.AddTo(command);
    }

    /// <summary>The key, for the caller to dispose; null where the server has it.</summary>
    /// <exception cref="PantryException">The file is none of a key, or its password is wrong.</exception>
    public async Task<SigningKey?> ReadAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(_file) is { } file)
            return SigningKeyFile.Load(Path.GetFullPath(file), await _password.ReadAsync(parsed, cancellation));
        return !_password.IsGiven(parsed) ? null
            : throw new PantryException(PantryErrorCode.InvalidArgument, "A password is for the root key's file. Give the file with --root-key-file.");
    }
}
