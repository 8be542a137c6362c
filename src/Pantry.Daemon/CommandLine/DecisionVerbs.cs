using System.CommandLine;
using Pantry.Daemon.Views;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.Daemon.CommandLine;

/// <summary><c>pantry approve</c>, <c>deny</c>, <c>revoke</c> and <c>remove</c>: decisions about keys of clients.</summary>
internal static class DecisionVerbs
{
    public static IEnumerable<Command> Create(Terminal terminal, ConnectionOptions connection) =>
    [
        One(terminal, connection, "approve", ClientDecision.Approve, "Lets a client in that waits for approval."),
        One(terminal, connection, "deny", ClientDecision.Deny, "Does not let a client in that waits for approval."),
        One(terminal, connection, "revoke", ClientDecision.Revoke, "Cuts a client off; its key never comes back."),
        One(terminal, connection, "remove", ClientDecision.Remove, "Forgets a client and its key, so that a rebuilt host begins from nothing."),
    ];

    private static Command One(Terminal terminal, ConnectionOptions connection, string name, ClientDecision decision, string description)
    {
        var identities = new Argument<string[]>("identity") { Description = "Names of clients.", Arity = ArgumentArity.ZeroOrMore };
        var fingerprints = new Option<string[]>("--fingerprint") { Description = "Fingerprints of clients' keys, as 'pantry clients' shows them." };
        var command = new Command(name, description) { identities, fingerprints };
        DecideClient[] Read(ParseResult parsed)
        {
            DecideClient[] wanted =
            [
                .. (parsed.GetValue(identities) ?? []).Select(identity => new DecideClient(decision, identity, null)),
                .. (parsed.GetValue(fingerprints) ?? []).Select(fingerprint => new DecideClient(decision, null, fingerprint)),
            ];
            return wanted.Length > 0 ? wanted
                : throw new PantryException(PantryErrorCode.NoTarget, "No client was named, so nothing was done. Name clients, or their keys with --fingerprint.");
        }

        command.DoesAt(connection, Read, async (wanted, fleet, cancellation) =>
        {
            ExitCode code = ExitCode.Success;
            foreach (DecideClient one in wanted)
                code = await DecideAsync(terminal, fleet, one, cancellation) is var ended && ended != ExitCode.Success ? ended : code;
            return code;
        });
        return command;
    }

    private static async Task<ExitCode> DecideAsync(Terminal terminal, RemoteFleet fleet, DecideClient wanted, CancellationToken cancellation)
    {
        try
        {
            ClientInfo client = await fleet.DecideAsync(wanted.Decision == ClientDecision.Approve ? await AsShownAsync(fleet, wanted, cancellation) : wanted, cancellation);
            if (terminal.Format == OutputFormat.Json)
                terminal.WriteJson(client, ViewJson.Default.ClientInfo);
            else
                terminal.Write($"{client.Identity}: {(wanted.Decision == ClientDecision.Remove ? "Removed" : client.Status)} {client.Fingerprint} {string.Join(", ", client.Streams)}");
            return ExitCode.Success;
        }
        catch (PantryException refused)
        {
            terminal.Error(refused);
            return ExitCodes.Of(refused.Code);
        }
    }

    // What is approved is the key with what it claims now: if it claims something else when the server decides, nothing is approved.
    private static async Task<DecideClient> AsShownAsync(RemoteFleet fleet, DecideClient wanted, CancellationToken cancellation)
    {
        var pending = new List<ClientInfo>();
        await foreach (ClientInfo client in fleet.FindClientsAsync(new ClientFilter { Status = ClientStatus.Pending }, cancellation))
        {
            if (wanted.Fingerprint is null ? Names.Same(client.Identity, wanted.Identity!) : client.Fingerprint == wanted.Fingerprint)
                pending.Add(client);
        }

        return pending is [var shown]
            ? wanted with { Fingerprint = shown.Fingerprint, Shown = ClientLabels.Create(shown.Identity, shown.Application, shown.Environment, shown.Roles) }
            : wanted;
    }
}
