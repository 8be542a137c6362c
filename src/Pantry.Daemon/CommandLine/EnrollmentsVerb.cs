using System.CommandLine;
using Pantry.Daemon.Views;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.Daemon.CommandLine;

/// <summary><c>pantry enrollments</c>: enrolments and tokens; <c>withdraw</c> takes those back that nobody has used.</summary>
internal static class EnrollmentsVerb
{
    public static Command Create(Terminal terminal, ConnectionOptions connection)
    {
        var ids = new Argument<string[]>("id") { Description = "Ids of enrolments and tokens; wildcards are permitted.", Arity = ArgumentArity.ZeroOrMore };
        var kind = new Option<EnrollmentKind?>("--kind") { Description = "Enrolments or tokens; by default both." };
        var all = new Option<bool>("--all") { Description = "Those too that were used or withdrawn, or whose time is over." };
        var command = new Command("enrollments", "Lists enrolments and tokens that can still be used; see also 'withdraw'. Nothing of their secrets is shown: the server does not have them.")
        {
            ids, kind, all, Withdraw(terminal, connection),
        };
        command.DoesAt(connection, (parsed, fleet, cancellation) => terminal.WhileReadAsync(
            reading => ListAsync(terminal, fleet, new EnrollmentFilter { Ids = parsed.GetValue(ids) ?? [], Kind = parsed.GetValue(kind), All = parsed.GetValue(all) }, reading), cancellation));
        return command;
    }

    private static async Task<ExitCode> ListAsync(Terminal terminal, RemoteFleet fleet, EnrollmentFilter filter, CancellationToken cancellation)
    {
        var table = new TextTable("ID", "KIND", "FOR", "APPLICATION", "ENVIRONMENT", "ROLES", "STATUS", "CREATED BY", "EXPIRES");
        var missing = new HashSet<string>(filter.Ids.Where(id => new NamePattern(id).IsLiteral), Names.Comparer);
        await foreach (EnrollmentInfo one in fleet.FindEnrollmentsAsync(filter, cancellation))
        {
            missing.Remove(one.Id);
            if (terminal.Format == OutputFormat.Json)
            {
                terminal.WriteJson(one, ViewJson.Default.EnrollmentInfo);
            }
            else
            {
                table.Add(
                    one.Id, one.Kind.ToString(), one.Pattern ?? one.Identity ?? "*", one.Application, one.Environment, string.Join(",", one.Roles), one.Status.ToString(),
                    one.CreatedBy, Moment.Of(one.ExpiresAt));
            }
        }

        table.Write(terminal);
        foreach (string id in missing)
        {
            terminal.Error($"pantry: the server has no {(filter.All ? "" : "open ")}enrolment or token '{DisplayText.Clean(id, 80)}' that matches"
                + $"{(filter.All ? "" : "; --all lists those too that were used or withdrawn, or whose time is over")} (NoMatchingEnrollment)");
        }

        return missing.Count > 0 ? ExitCode.NotFound : ExitCode.Success;
    }

    private static Command Withdraw(Terminal terminal, ConnectionOptions connection)
    {
        var ids = new Argument<string[]>("id") { Description = "Ids of enrolments and tokens, as 'pantry enrollments' shows them.", Arity = ArgumentArity.OneOrMore };
        var command = new Command("withdraw", "Takes enrolments and tokens back that nobody has used yet: they let nobody in any more.") { ids };
        command.DoesAt(connection, async (parsed, fleet, cancellation) =>
        {
            ExitCode code = ExitCode.Success;
            foreach (string id in parsed.GetValue(ids)!)
                code = await WithdrawAsync(terminal, fleet, id, cancellation) is var ended && ended != ExitCode.Success ? ended : code;
            return code;
        });
        return command;
    }

    private static async Task<ExitCode> WithdrawAsync(Terminal terminal, RemoteFleet fleet, string id, CancellationToken cancellation)
    {
        try
        {
            EnrollmentInfo withdrawn = await fleet.WithdrawEnrollmentAsync(id, cancellation);
            if (terminal.Format == OutputFormat.Json)
                terminal.WriteJson(withdrawn, ViewJson.Default.EnrollmentInfo);
            else
                terminal.Write($"{withdrawn.Id}: {withdrawn.Status}");
            return ExitCode.Success;
        }
        catch (PantryException refused)
        {
            terminal.Error(refused);
            return ExitCodes.Of(refused.Code);
        }
    }
}
