using System.CommandLine;
using Pantry.Daemon.Configuration;
using Pantry.Daemon.Services;
using Pantry.Daemon.Views;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Server;

namespace Pantry.Daemon.CommandLine;

/// <summary><c>pantry status</c>: the server and the client of this machine, or a server elsewhere.</summary>
internal static class StatusVerb
{
    private const int MostJobs = 1000;

    public static Command Create(Terminal terminal, ConnectionOptions connection)
    {
        var path = new Option<string?>("--path") { Description = "The client's own directory, where it is not the one of its configuration.", HelpName = "directory" };
        var command = new Command("status", "Says how the server and the client of this machine do, or the server that is named. Exit code 3 says that neither runs.") { path };
        command.Does(async (parsed, cancellation) =>
        {
            ServerView? server = await ServerAsync(terminal, connection, parsed, cancellation);
            ClientState? client = connection.NamesServer(parsed) ? null : ClientStateFile.TryRead(parsed.GetValue(path) ?? HostSource.ClientDirectory);
            bool clientRuns = client is not null && IsRunning(client.ProcessId);
            var view = new StatusView(server, client, client is null ? null : clientRuns);
            if (terminal.Format == OutputFormat.Json)
                terminal.WriteJson(view, ViewJson.Default.StatusView);
            else
                Write(terminal, view);
            return server is not null || clientRuns ? ExitCode.Success : ExitCode.Unreachable;
        });
        return command;
    }

    private static async Task<ServerView?> ServerAsync(Terminal terminal, ConnectionOptions connection, ParseResult parsed, CancellationToken cancellation)
    {
        if (!connection.KnowsServer(parsed) && !File.Exists(ServerKeys.ConsolePathIn(HostSource.ServerRoot)))
            return null;
        try
        {
            await using RemoteFleet fleet = await connection.ConnectAsync(parsed, cancellation);
            var clients = new SortedDictionary<ClientStatus, int>();
            await foreach (ClientInfo client in fleet.FindClientsAsync(new ClientFilter(), cancellation))
                clients[client.Status] = clients.GetValueOrDefault(client.Status) + 1;
            int open = 0;
            await foreach (JobInfo job in fleet.FindJobsAsync(new JobFilter { Newest = MostJobs }, cancellation))
                open += job.State is PantryJobState.Ended || (job.State is PantryJobState.Cancelled && job.Done == job.Targets) ? 0 : 1;
            return new ServerView(
                fleet.Server.ToString(), fleet.Place.ServerPublicKey, fleet.ServerVersion, fleet.Operator,
                clients.ToDictionary(count => count.Key.ToString(), count => count.Value), open);
        }
        catch (PantryException exception) when (!connection.NamesServer(parsed))
        {
            terminal.Error(exception);
            return null;
        }
    }

    private static bool IsRunning(int process)
    {
        try
        {
            using var found = System.Diagnostics.Process.GetProcessById(process);
            return !found.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static void Write(Terminal terminal, StatusView view)
    {
        if (view.Server is { } server)
        {
            TextTable.WriteList(terminal,
            [
                ("Server", server.Address), ("Version", server.Version), ("Operator", server.Operator),
                ("Clients", server.Clients.Count == 0 ? "none" : string.Join(", ", server.Clients.Select(count => $"{count.Value} {count.Key}"))),
                ("Open jobs", $"{server.OpenJobs}"),
            ]);
        }

        if (view.Client is { } client)
        {
            TextTable.WriteList(terminal,
            [
                ("Client", client.Identity), ("Server", client.Server), ("Status", view.ClientRuns == true ? $"{client.Status}, {client.Link}" : "does not run"),
                ("Application", client.Application), ("Environment", client.Environment), ("Roles", string.Join(", ", client.Roles)),
                ("Fingerprint", client.Fingerprint), ("Version", client.Version), ("Process", $"{client.ProcessId}"),
            ]);
        }

        if (view is { Server: null, Client: null })
            terminal.Note("Neither a server nor a client runs on this machine that you may look at.");
    }
}
