using System.CommandLine;
using Pantry.Daemon.Views;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.Daemon.CommandLine;

/// <summary><c>pantry send</c>: has clients run a command, and writes each one's result as it comes.</summary>
internal static class SendVerb
{
    public static Command Create(Terminal terminal, ConnectionOptions connection)
    {
        var target = new TargetOptions();
        var work = new WorkOptions();
        var runAs = new Option<string?>("--run-as") { Description = "A user of the clients' machines to run as; the clients must allow it." };
        Option<TimeSpan> timeout = DurationText.Option("--timeout", "How long it may run on a client.");
        Option<TimeSpan> delivery = DurationText.Option("--delivery-timeout", "How long a client may take to acknowledge the order.");
        Option<TimeSpan> validFor = DurationText.Option("--valid-for", "How long the order may still be started.");
        Option<Share?> batch = ShareOption("--batch-size", 1, "Clients that run it at the same time.");
        Option<Share?> canary = ShareOption("--canary", 1, "Clients that go first: only when all of them have succeeded do the others follow.");
        Option<Share?> failures = ShareOption("--max-failure", 0, "Once more clients than this did not succeed, no further one is started.");
        var queue = new Option<bool>("--queue") { Description = "The order waits for clients that are offline, for as long as it is valid." };
        var live = new Option<bool>("--live") { Description = "Writes what clients write as they write it." };
        var background = new Option<bool>("--async") { Description = "Writes the job's id and does not wait for its results." };
        var command = new Command("send", "Has clients run a command. Exit code 1 says that a target did not succeed. Ctrl+C cancels the order; a lost terminal does not.");
        target.AddTo(command);
        work.AddTo(command);
        foreach (Option option in (Option[])[runAs, timeout, delivery, validFor, batch, canary, failures, queue, live, background])
            command.Options.Add(option);
        async Task<(ParseResult Parsed, JobRequest Request)> ReadAsync(ParseResult parsed, CancellationToken cancellation)
        {
            Target whom = target.Read(parsed);
            Work what = await work.ReadAsync(parsed, cancellation);
            return (parsed, new JobRequest
            {
                Target = whom,
                Command = what.Command,
                Format = what.Format,
                Arguments = what.Arguments,
                Timeout = parsed.GetValue(timeout),
                DeliveryTimeout = parsed.GetValue(delivery),
                ValidFor = parsed.GetValue(validFor),
                RunAs = parsed.GetValue(runAs),
                Secrets = what.Secrets.Count == 0 ? null : what.Secrets,
                Plan = new RolloutPlan
                {
                    BatchSize = parsed.GetValue(batch),
                    Canary = parsed.GetValue(canary),
                    MaxFailure = parsed.GetValue(failures),
                    Queue = parsed.GetValue(queue),
                    Live = parsed.GetValue(live),
                },
            });
        }

        command.DoesAt(connection, ReadAsync, async (wanted, fleet, cancellation) =>
        {
            IJob job = await fleet.StartJobAsync(wanted.Request, cancellation);
            if (!wanted.Parsed.GetValue(background))
                return await new JobFollower(terminal, wanted.Request.Plan.Live).FollowAsync(job, cancellation);
            if (terminal.Format == OutputFormat.Json)
                terminal.WriteJson(new StartedJob(job.Id, job.Targets), ViewJson.Default.StartedJob);
            else
                terminal.Write(job.Id);
            return ExitCode.Success;
        });
        return command;
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
