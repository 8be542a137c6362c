using System.CommandLine;
using Pantry.Daemon.Views;
using Pantry.Protocol;

namespace Pantry.Daemon.CommandLine;

/// <summary><c>pantry clients</c>: the clients that the server knows.</summary>
internal static class ClientsVerb
{
    public static Command Create(Terminal terminal, ConnectionOptions connection)
    {
        var identities = new Argument<string[]>("identity") { Description = "Names of clients; wildcards are permitted.", Arity = ArgumentArity.ZeroOrMore };
        var application = new Option<string?>("--application") { Description = "Clients of an application; wildcards are permitted." };
        var environment = new Option<string?>("--environment") { Description = "Clients of an environment; wildcards are permitted." };
        var role = new Option<string?>("--role") { Description = "Clients with a role; wildcards are permitted." };
        var stream = new Option<string?>("--stream", "-s") { Description = "Clients that hear a stream." };
        var status = new Option<ClientStatus?>("--status") { Description = "Clients of that status." };
        var command = new Command("clients", "Lists the clients that the server knows.") { identities, application, environment, role, stream, status };
        command.DoesAt(connection, (parsed, fleet, cancellation) => terminal.WhileReadAsync(async reading =>
        {
            string[] names = parsed.GetValue(identities) ?? [];
            var filter = new ClientFilter
            {
                Identities = names,
                Application = parsed.GetValue(application),
                Environment = parsed.GetValue(environment),
                Role = parsed.GetValue(role),
                Stream = parsed.GetValue(stream),
                Status = parsed.GetValue(status),
            };
            var table = new TextTable("IDENTITY", "APPLICATION", "ENVIRONMENT", "ROLES", "STATUS", "LAST SEEN", "VERSION", "FINGERPRINT");
            var found = new HashSet<string>(Targeting.Names.Comparer);
            await foreach (ClientInfo client in fleet.FindClientsAsync(filter, reading))
            {
                found.Add(client.Identity);
                if (terminal.Format == OutputFormat.Json)
                    terminal.WriteJson(client, ViewJson.Default.ClientInfo);
                else
                    table.Add(client.Identity, client.Application, client.Environment, string.Join(",", client.Roles), client.Status.ToString(), Moment.Of(client.LastSeen), client.Facts?.PantryVersion, client.Fingerprint);
            }

            table.Write(terminal);
            string[] missing = [.. names.Where(name => new Targeting.NamePattern(name).IsLiteral && !found.Contains(name))];
            foreach (string name in missing)
                terminal.Error($"pantry: the server knows no client '{DisplayText.Clean(name, 80)}' (NoMatchingClient)");
            return missing.Length > 0 ? ExitCode.NotFound : ExitCode.Success;
        }, cancellation));
        return command;
    }
}
