using System.CommandLine;
using Pantry.Daemon.Views;
using Pantry.Operators;
using Pantry.Security;
using Pantry.Targeting;
using Pantry.Transport;

namespace Pantry.Daemon.CommandLine;

/// <summary><c>pantry operators</c>: who may give orders; <c>add</c> and <c>revoke</c>, where the root key is at the server or in a file here.</summary>
internal static class OperatorsVerb
{
    public static Command Create(Terminal terminal, ConnectionOptions connection)
    {
        var command = new Command("operators", "Lists who may give orders; see also 'add' and 'revoke'.") { Add(terminal, connection), Revoke(terminal, connection) };
        command.DoesAt(connection, async (_, fleet, cancellation) =>
        {
            var table = new TextTable("NAME", "SCOPES", "ADMINISTRATOR", "EXPIRES", "FINGERPRINT");
            foreach (OperatorInfo one in (await fleet.ListOperatorsAsync(cancellation)).List.Operators)
                Show(terminal, table, one);
            table.Write(terminal);
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Add(Terminal terminal, ConnectionOptions connection)
    {
        var name = new Argument<string>("name") { Description = "Unique name of the operator." };
        var scopes = new Option<string[]>("--scope") { Description = "What the operator may order, as streams:commands, such as 'shop.live:Shell,Script' or '*:*'.", Required = true };
        var file = new Option<string?>("--out-file") { Description = "The operator's file, which must not be there; by default the name with .operator in this directory. Only its owner can read it.", HelpName = "file" };
        var address = new Option<string?>("--address") { Description = "Address that the file has for the server, as it is reached from where the operator works; by default the one dialled now." };
        var administrator = new Option<bool>("--administrator") { Description = "Lets the operator decide about clients, enrolments and operators too." };
        Option<TimeSpan> expires = DurationText.Option("--expires-in", "How long the operator may give orders; by default until revoked.");
        var root = new RootKeyOptions();
        var command = new Command("add", "Makes an operator with keys of its own. They are in the operator's file and nowhere else.") { name, scopes, file, address, administrator, expires };
        root.AddTo(command);
        command.DoesAt(connection, async (parsed, fleet, cancellation) =>
        {
            string who = Names.RequireIdentity(parsed.GetValue(name)!, "operator name");
            string[] may = [.. (parsed.GetValue(scopes) ?? []).Select(scope => OperatorScope.Parse(scope).ToString()!)];
            string path = Path.GetFullPath(parsed.GetValue(file) ?? $"{who}.operator");
            if (Path.Exists(path))
                throw new PantryException(PantryErrorCode.InvalidArgument, $"'{path}' is there already. Keys are never replaced: give another name with --out-file.") { Target = path };
            DateTimeOffset now = TimeProvider.System.GetUtcNow();
            DateTimeOffset? until = parsed.GetValue(expires) is var time && time > TimeSpan.Zero ? now + time : null;
            using SigningKey? key = await root.ReadAsync(parsed, cancellation);
            FleetPlace place = fleet.Place;
            if (parsed.GetValue(address) is { } reached)
            {
                (string host, int port) = Addresses.Parse(reached, place.ReceivePort);
                place = place with { Address = host, ReceivePort = port };
            }

            OperatorInfo? added = await NewOperator.IssueAsync(place, who, may, parsed.GetValue(administrator), until, path,
                request => OfflineRoot.AddAsync(fleet, key, request, now, cancellation));
            var table = new TextTable("NAME", "SCOPES", "ADMINISTRATOR", "EXPIRES", "FINGERPRINT");
            if (added is not null)
                Show(terminal, table, added);
            table.Write(terminal);
            terminal.Note($"'{path}' has the operator's keys, and dials {Addresses.Join(place.Address, place.ReceivePort)}.");
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Revoke(Terminal terminal, ConnectionOptions connection)
    {
        var name = new Argument<string>("name") { Description = "Name of the operator." };
        var root = new RootKeyOptions();
        var command = new Command("revoke", "Takes an operator's rights away at once.") { name };
        root.AddTo(command);
        command.DoesAt(connection, async (parsed, fleet, cancellation) =>
        {
            string who = parsed.GetValue(name)!;
            using SigningKey? key = await root.ReadAsync(parsed, cancellation);
            await OfflineRoot.RevokeAsync(fleet, key, who, TimeProvider.System.GetUtcNow(), cancellation);
            terminal.Note($"{who} may give no more orders.");
            return ExitCode.Success;
        });
        return command;
    }

    private static void Show(Terminal terminal, TextTable table, OperatorInfo one)
    {
        if (terminal.Format == OutputFormat.Json)
            terminal.WriteJson(one, ViewJson.Default.OperatorInfo);
        else
            table.Add(one.Name, string.Join(" ", one.Scopes), one.Administrator ? "yes" : "no", Moment.Of(one.ExpiresAt), one.Fingerprint);
    }
}
