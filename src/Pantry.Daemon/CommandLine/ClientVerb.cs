using System.CommandLine;
using Pantry.Client;
using Pantry.Configuration.Settings;
using Pantry.Daemon.Configuration;
using Pantry.Daemon.Services;
using Pantry.Daemon.Views;

namespace Pantry.Daemon.CommandLine;

/// <summary><c>pantry client</c>: runs a client until it is told to end; <c>pantry client enroll</c>: lets this machine in once.</summary>
internal static class ClientVerb
{
    public static Command Create(Terminal terminal, ConnectionOptions connection)
    {
        var options = new ClientOptions();
        var command = new Command("client", "Runs a client: in the foreground, as a systemd service or as a Windows service.");
        options.AddTo(command);
        command.Does(async (parsed, interrupted) =>
        {
            var runner = new ServiceRunner(options.Source(parsed, connection), RunningClient.StartAsync, ServiceNotices.OfProcess(), terminal);
            await ServiceProcess.RunAsync(runner.RunAsync, interrupted);
            return ExitCode.Success;
        });
        command.Subcommands.Add(CreateEnroll(terminal, connection));
        return command;
    }

    private static Command CreateEnroll(Terminal terminal, ConnectionOptions connection)
    {
        var options = new ClientOptions();
        var command = new Command("enroll", "Lets this machine in: by an enrolment's file, by a token, or by an approval that an operator gives later. Writes the configuration file where there is none.");
        options.AddTo(command);
        options.AddJoiningTo(command);
        command.Does(async (parsed, cancellation) =>
        {
            (HostSource source, ClientEntry entry) = await options.JoiningAsync(parsed, connection, cancellation);
            HostSettings settings = source.Load();
            ClientConfiguration configuration = entry.Configure(settings);
            ClientView view;
            await using (ClientAgent agent = await ClientAgent.StartAsync(configuration, options: settings.Options, cancellation: cancellation))
                view = ClientView.Of(agent);
            string file = options.ConfigFile(parsed);
            if (ClientConfigurationWriter.WriteNew(file, configuration, view.ServerPublicKey))
                terminal.Note($"'{file}' was written; 'pantry client' goes by it.");
            else
                terminal.Note($"'{file}' was there already and was left as it is.");
            if (view.Status == RegistrationStatus.Pending)
                terminal.Note($"The client waits for an operator's approval: compare the fingerprint, then 'pantry approve --fingerprint {view.Fingerprint}'.");
            if (terminal.Format == OutputFormat.Json)
                terminal.WriteJson(view, ViewJson.Default.ClientView);
            else
                TextTable.WriteList(terminal, view.ToRows());
            return ExitCode.Success;
        });
        return command;
    }
}
