using System.CommandLine;
using System.Text;
using System.Text.Json;
using Pantry.Commands;
using Pantry.Daemon.Views;
using Pantry.Operators;
using Pantry.Protocol;

namespace Pantry.Daemon.CommandLine;

/// <summary><c>pantry send</c>: has clients run a command, and writes each one's result as it comes.</summary>
internal static class SendVerb
{
    public static Command Create(Terminal terminal, CommonOptions common)
    {
        var target = new TargetOptions();
        var shell = new Option<string?>("--shell") { Description = "A command line for the clients' shell.", HelpName = "line" };
        var program = new Argument<string[]>("program") { Description = "Behind --: a program and its arguments, started without a shell.", Arity = ArgumentArity.ZeroOrMore };
        var directory = new Option<string?>("--directory") { Description = "Directory in which it runs on the clients." };
        var runAs = new Option<string?>("--run-as") { Description = "A user of the clients' machines to run as; the clients must allow it." };
        Option<string[]> secrets = TargetOptions.Many("--secret", null, "Names of variables of this environment whose values go along sealed, for the targets alone; the command has them in its own environment.");
        Option<TimeSpan> timeout = DurationText.Option("--timeout", "How long it may run on a client.");
        Option<TimeSpan> delivery = DurationText.Option("--delivery-timeout", "How long a client may take to acknowledge the order.");
        Option<TimeSpan> validFor = DurationText.Option("--valid-for", "How long the order may still be started.");
        Option<Share?> batch = ShareOption("--batch-size", 1, "Clients that run it at the same time.");
        Option<Share?> canary = ShareOption("--canary", 1, "Clients that go first: only when all of them have succeeded do the others follow.");
        Option<Share?> failures = ShareOption("--max-failure", 0, "Once more clients than this did not succeed, no further one is started.");
        var queue = new Option<bool>("--queue") { Description = "The order waits for clients that are offline, for as long as it is valid." };
        var background = new Option<bool>("--async") { Description = "Writes the job's id and does not wait for its results." };
        var command = new Command("send", "Has clients run a command. Exit code 1 says that a target did not succeed.");
        target.AddTo(command);
        command.Arguments.Add(program);
        foreach (Option option in (Option[])[shell, directory, runAs, secrets, timeout, delivery, validFor, batch, canary, failures, queue, background])
            command.Options.Add(option);
        (JobRequest Request, bool Background) Read(ParseResult parsed) => (
            new JobRequest
            {
                Target = target.Read(parsed),
                Command = ShellCommand.CommandName,
                Format = BodyFormat.Json,
                Arguments = Arguments(parsed.GetValue(shell), parsed.GetValue(program) ?? [], parsed.GetValue(directory)),
                Timeout = parsed.GetValue(timeout),
                DeliveryTimeout = parsed.GetValue(delivery),
                ValidFor = parsed.GetValue(validFor),
                RunAs = parsed.GetValue(runAs),
                Secrets = Secrets(parsed.GetValue(secrets) ?? []),
                Plan = new RolloutPlan { BatchSize = parsed.GetValue(batch), Canary = parsed.GetValue(canary), MaxFailure = parsed.GetValue(failures), Queue = parsed.GetValue(queue) },
            },
            parsed.GetValue(background));

        command.DoesAt(terminal, common, Read, async (wanted, fleet, cancellation) =>
        {
            IJob job = await fleet.StartJobAsync(wanted.Request, cancellation);
            if (!wanted.Background)
                return await new JobFollower(terminal).FollowAsync(job, cancellation);
            if (terminal.Format == OutputFormat.Json)
                terminal.WriteJson(new StartedJob(job.Id, job.Targets), ViewJson.Default.StartedJob);
            else
                terminal.Write(job.Id);
            return ExitCode.Success;
        });
        return command;
    }

    // A value on the command line could be read by every user of this machine.
    private static Dictionary<string, byte[]>? Secrets(string[] names) => names.Length == 0 ? null : names.Distinct(StringComparer.Ordinal).ToDictionary(
        SecretVariables.RequireName,
        name => Environment.GetEnvironmentVariable(name) is { } value ? Encoding.UTF8.GetBytes(value)
            : throw new PantryException(PantryErrorCode.InvalidArgument, $"--secret names '{name}', and there is no such variable in this environment."),
        StringComparer.Ordinal);

    private static byte[] Arguments(string? line, string[] program, string? directory)
    {
        if (line is null == (program.Length == 0))
        {
            throw new PantryException(PantryErrorCode.InvalidArgument, line is null
                ? "Nothing to run was given. Give --shell 'line', or a program and its arguments behind --."
                : "Both --shell and a program were given. Give one of them.");
        }

        return JsonSerializer.SerializeToUtf8Bytes(
            line is not null ? new ShellArguments(line, WorkingDirectory: directory) : new ShellArguments(null, program[0], program[1..], directory),
            CommandJson.Default.ShellArguments);
    }

    private static Option<Share?> ShareOption(string name, int least, string description) => new(name)
    {
        Description = $"{description} A number, or a percentage such as 10%.",
        HelpName = "number",
        CustomParser = result =>
        {
            string text = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
            if (Share.TryParse(text) is { } share && share.Value >= least)
                return share;
            result.AddError($"{name} is '{DisplayText.Clean(text, 40)}'; it must be a number from {least} on, or a percentage from {least}% to 100%.");
            return null;
        },
    };
}
