using System.CommandLine;
using Pantry.Configuration.Settings;
using Pantry.Daemon.Configuration;
using Pantry.Daemon.Services;

namespace Pantry.Daemon.CommandLine;

/// <summary><c>pantry server</c>: runs a server until it is told to end.</summary>
internal static class ServerVerb
{
    public static Command Create(Terminal terminal)
    {
        var config = new Option<string?>("--config") { Description = $"The configuration file; by default {DefaultPaths.ServerConfiguration}, where it is there.", HelpName = "file" };
        var root = new Option<string?>("--root") { Description = $"Root directory of the server's data; by default {DefaultPaths.ServerRoot}.", HelpName = "directory" };
        var address = new Option<string?>("--address") { Description = "Address to listen on; 0.0.0.0 or :: for all of the machine. By default 127.0.0.1." };
        var advertised = new Option<string?>("--advertised-address") { Description = "Address that enrolments tell clients to dial." };
        Option<int?> publish = Port("--publish-port", "Port that orders go out on; 0 for any free one.");
        Option<int?> receive = Port("--receive-port", "Port that answers come in on; 0 for any free one.");
        Option<int?> file = Port("--file-port", "Port of files; 0 for any free one.");
        var command = new Command("server", "Runs a server: in the foreground, as a systemd service or as a Windows service.") { config, root, address, advertised, publish, receive, file };
        command.Does(async (parsed, interrupted) =>
        {
            var source = new HostSource(ConfigurationKind.Server, parsed.GetValue(config), new SettingOverrides()
                .Set("root_dir", parsed.GetValue(root), "--root")
                .Set("networking.server_host", parsed.GetValue(address), "--address")
                .Set("networking.advertised_host", parsed.GetValue(advertised), "--advertised-address")
                .Set("networking.pub_sub_port", parsed.GetValue(publish), "--publish-port")
                .Set("networking.receive_port", parsed.GetValue(receive), "--receive-port")
                .Set("networking.file_service_port", parsed.GetValue(file), "--file-port"));
            var runner = new ServiceRunner(source, RunningServer.StartAsync, ServiceNotices.OfProcess(), terminal);
            await ServiceProcess.RunAsync(runner.RunAsync, interrupted);
            return ExitCode.Success;
        });
        return command;
    }

    public static Option<int?> Port(string name, string description)
    {
        var option = new Option<int?>(name) { Description = description, HelpName = "port" };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var port] && int.TryParse(port.Value, out int number) && number is < 0 or > 65535)
                result.AddError($"{name} must be a port from 0 to 65535.");
        });
        return option;
    }
}
