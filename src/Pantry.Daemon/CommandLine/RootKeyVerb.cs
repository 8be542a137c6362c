using System.CommandLine;
using Microsoft.Extensions.Logging.Abstractions;
using Pantry.Configuration.Settings;
using Pantry.Daemon.Configuration;
using Pantry.Daemon.Views;
using Pantry.Hosting;
using Pantry.Security;
using Pantry.Server;

namespace Pantry.Daemon.CommandLine;

/// <summary>
/// <c>pantry root-key</c>: takes the fleet's root key offline, brings it back, or puts a new one in its place. The key never travels, so this works on the
/// directory of a server that does not run, under the account that it runs as.
/// </summary>
internal static class RootKeyVerb
{
    public static Command Create(Terminal terminal) =>
        new("root-key", "The fleet's root key, in the directory of a server that is stopped meanwhile.") { Export(terminal), Import(terminal), Renew(terminal) };

    private static Command Export(Terminal terminal)
    {
        var file = new Option<string>("--out-file") { Description = "The file, which must not be there; only its owner can read it.", HelpName = "file", Required = true };
        var offline = new Option<bool>("--take-offline") { Description = "Takes the key away from the server once it is in the file, and the server's own operator with it. There must be another administrator." };
        var password = new PasswordOption("--password-file", "the file, which is encrypted with it");
        var command = new Command("export", "Writes the fleet's root key to a file.") { file, offline };
        password.AddTo(command);
        file.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: "-" }])
                result.AddError("The root key is not written to standard output. Give --out-file the name of a file.");
        });
        Does(command, terminal, async (desk, parsed, cancellation) =>
            await desk.ExportAsync(Path.GetFullPath(parsed.GetValue(file)!), await password.ReadAsync(parsed, cancellation), parsed.GetValue(offline)));
        return command;
    }

    private static Command Import(Terminal terminal)
    {
        var file = new Argument<string>("file") { Description = "The file that 'export' wrote." };
        var password = new PasswordOption("--password-file", "the file");
        var command = new Command("import", "Brings the fleet's root key back, and the server's own operator with it.") { file };
        password.AddTo(command);
        Does(command, terminal, async (desk, parsed, cancellation) =>
            await desk.ImportAsync(Path.GetFullPath(parsed.GetValue(file)!), await password.ReadAsync(parsed, cancellation)));
        return command;
    }

    private static Command Renew(Terminal terminal)
    {
        var command = new Command("renew", "Puts a new root key in the place of the old one, which signs for it, so that clients follow. Enrolments and tokens that nobody used yet are withdrawn.");
        Does(command, terminal, (desk, _, _) => desk.RenewAsync());
        return command;
    }

    private static void Does(Command command, Terminal terminal, Func<RootKeyDesk, ParseResult, CancellationToken, Task<RootKeyInfo>> deed)
    {
        var config = new Option<string?>("--config") { Description = $"The server's configuration file; by default {DefaultPaths.ServerConfiguration}, where it is there.", HelpName = "file" };
        var root = new Option<string?>("--root") { Description = $"Root directory of the server's data; by default {DefaultPaths.ServerRoot}.", HelpName = "directory" };
        command.Options.Add(config);
        command.Options.Add(root);
        command.Does(async (parsed, cancellation) =>
        {
            var source = new HostSource(ConfigurationKind.Server, parsed.GetValue(config), new SettingOverrides().Set("root_dir", parsed.GetValue(root), "--root"));
            HostSettings settings = source.Load();
            ServerConfiguration configuration = ConfiguredHost.Server(settings, DefaultPaths.ServerRoot);
            string directory = Path.GetFullPath(configuration.Path);
            Check(directory);
            await using var state = ServerState.Open(directory, ConfiguredHost.Storage(settings), settings.Options.Files, TimeProvider.System, NullLogger.Instance);
            // Its addresses are for enrolments that are made, and none is.
            var enrollments = new EnrollmentDesk(
                state.Trust, state.Authority, state.Audit, new ServerAddresses("", 0, 0, 0), state.Keys.Session.PublicKey, settings.Options, TimeProvider.System, NullLogger.Instance);
            Show(terminal, await deed(new RootKeyDesk(state.Authority, enrollments, state.Audit), parsed, cancellation));
            return ExitCode.Success;
        });
    }

    // Before anything is opened there: a directory that is none would become one, and another user's files would get another owner.
    private static void Check(string directory)
    {
        string key = ServerKeys.SessionPathIn(directory);
        try
        {
            CurveKeyFile.Load(key).Dispose();
        }
        catch (PantryException exception) when (exception.InnerException is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new PantryException(PantryErrorCode.InvalidArgument, $"'{directory}' is no server's root directory: there is no '{key}'. Give the right one with --root or --config.", exception) { Target = directory };
        }
    }

    private static void Show(Terminal terminal, RootKeyInfo key)
    {
        if (terminal.Format == OutputFormat.Json)
        {
            terminal.WriteJson(key, ViewJson.Default.RootKeyInfo);
        }
        else
        {
            TextTable.WriteList(terminal, [("Fingerprint", key.Fingerprint), ("PublicKey", key.PublicKey), ("AtServer", key.IsAtServer ? "yes" : "no"), ("File", key.File)]);
        }

        if (key.OrphanedEnrollments > 0)
            terminal.Note($"The server's own operator is gone, and {key.OrphanedEnrollments:N0} of the enrolments and tokens that it made let nobody in any more. Make new ones as another operator.");
        else if (key.WithdrawnEnrollments > 0)
            terminal.Note($"{key.WithdrawnEnrollments:N0} enrolments and tokens that nobody had used named the old root key, and were withdrawn. Make new ones.");
    }
}
