using System.CommandLine;
using Pantry.Configuration;
using Pantry.Daemon.Views;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.Daemon.CommandLine;

/// <summary><c>pantry enroll</c>: makes what lets a client in, an enrolment in a file or a one-time token.</summary>
internal static class EnrollVerb
{
    public static Command Create(Terminal terminal, ConnectionOptions connection)
    {
        var identity = new Argument<string?>("identity") { Description = "Identity of the client; without one it uses its host name.", Arity = ArgumentArity.ZeroOrOne };
        var labels = new LabelOptions();
        Option<TimeSpan> expires = DurationText.Option("--expires-in", "How long it is good for; by default 7 days.");
        var file = new Option<string?>("--out-file") { Description = "The enrolment's file, which must not be there; by default the identity with .enrollment in this directory. Only its owner can read it.", HelpName = "file" };
        var token = new Option<string?>("--token") { Description = "Makes a one-time token in place of a file, for names that match the pattern, such as 'web*'.", HelpName = "pattern" };
        var command = new Command("enroll", "Makes an enrolment for a client, or a one-time token.") { identity, expires, file, token };
        labels.AddTo(command);
        command.DoesAt(connection, async (parsed, fleet, cancellation) =>
        {
            labels.Check(parsed);
            (string? application, string? environment, string[] roles) = (labels.Application(parsed), labels.Environment(parsed), labels.Roles(parsed));
            if (application is null && environment is null && roles.Length == 0)
                terminal.Note("pantry: without --application, --environment or --role the client hears the orders of every stream");
            double seconds = parsed.GetValue(expires).TotalSeconds;
            if (parsed.GetValue(token) is { } pattern)
            {
                if (parsed.GetValue(identity) is not null || parsed.GetValue(file) is not null)
                    throw new PantryException(PantryErrorCode.InvalidArgument, "A token is for names that match its pattern, and goes into no file. Give --token without an identity and without --out-file.");
                NamePattern.Require(pattern);
                Show(terminal, await fleet.CreateTokenAsync(new CreateToken(pattern, application, environment, roles, seconds), cancellation));
                return ExitCode.Success;
            }

            string? name = parsed.GetValue(identity);
            if (name is not null)
                Names.RequireIdentity(name);
            await SaveAsync(terminal, fleet, new Enrol(name, application, environment, roles, seconds), Path.GetFullPath(parsed.GetValue(file) ?? $"{name ?? "client"}.enrollment"), cancellation);
            return ExitCode.Success;
        });
        return command;
    }

    private static async Task SaveAsync(Terminal terminal, RemoteFleet fleet, Enrol request, string file, CancellationToken cancellation)
    {
        if (Path.Exists(file))
            throw new PantryException(PantryErrorCode.InvalidArgument, $"'{file}' is there already. Give another name with --out-file.") { Target = file };
        // An enrolment whose file could not be written would stay open without anybody who has it.
        EnrollmentFile.Try(file);
        Enrollment enrollment = await fleet.EnrolAsync(request, cancellation);
        try
        {
            EnrollmentFile.Save(file, enrollment);
        }
        catch (PantryException)
        {
            await fleet.WithdrawEnrollmentAsync(enrollment.Id, cancellation);
            throw;
        }

        EnrollmentView view = EnrollmentView.Of(enrollment, file);
        if (terminal.Format == OutputFormat.Json)
            terminal.WriteJson(view, ViewJson.Default.EnrollmentView);
        else
            TextTable.WriteList(terminal, view.ToRows());
        terminal.Note($"Bring the file to the client, and there: pantry client enroll --file {Path.GetFileName(file)}");
    }

    private static void Show(Terminal terminal, EnrollmentToken token)
    {
        if (terminal.Format == OutputFormat.Json)
        {
            terminal.WriteJson(token, ViewJson.Default.EnrollmentToken);
            return;
        }

        TextTable.WriteList(terminal,
        [
            ("Id", token.Id), ("Token", token.Token), ("Pattern", token.Pattern), ("Application", token.Application), ("Environment", token.Environment), ("Roles", string.Join(", ", token.Roles)),
            ("Server", Transport.Addresses.Join(token.Address, token.ReceivePort)), ("ServerPublicKey", token.ServerPublicKey), ("ExpiresAt", Moment.Of(token.ExpiresAt)),
        ]);
        terminal.Note($"On the client: pantry client enroll --server {Transport.Addresses.Join(token.Address, token.ReceivePort)} --server-key '{token.ServerPublicKey}' --token -");
    }
}
