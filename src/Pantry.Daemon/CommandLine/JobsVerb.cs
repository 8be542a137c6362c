using System.CommandLine;
using Pantry.Daemon.Views;
using Pantry.Operators;
using Pantry.Protocol;

namespace Pantry.Daemon.CommandLine;

/// <summary><c>pantry jobs</c>: jobs at the server, one's results, waiting for one and cancelling one.</summary>
internal static class JobsVerb
{
    public static Command Create(Terminal terminal, ConnectionOptions connection)
    {
        var id = new Argument<string?>("id") { Description = "A job; without it the newest ones are listed.", Arity = ArgumentArity.ZeroOrOne };
        var wait = new Option<bool>("--wait") { Description = "Waits for the results that are still to come." };
        var live = new Option<bool>("--live") { Description = "Writes again, and as it comes, what clients wrote, where the job was sent with --live." };
        var cancel = new Option<bool>("--cancel") { Description = "Cancels the job: what was not started never is, and what runs is stopped." };
        var newest = new Option<int>("--newest") { Description = "So many of the newest jobs are listed.", DefaultValueFactory = _ => 20, HelpName = "number" };
        newest.Validators.Add(result =>
        {
            if (result.Tokens is [var number] && int.TryParse(number.Value, out int count) && count < 1)
                result.AddError("--newest must be a number from 1 on.");
        });
        var state = new Option<PantryJobState?>("--state") { Description = "Only jobs that are so far." };
        var command = new Command("jobs", "Lists jobs, or writes the results of one.") { id, wait, live, cancel, newest, state };
        ParseResult Checked(ParseResult parsed) => parsed.GetValue(id) is not null || !(parsed.GetValue(wait) || parsed.GetValue(live) || parsed.GetValue(cancel)) ? parsed
            : throw new PantryException(PantryErrorCode.InvalidArgument, "Which job? Give its id with --wait, --live and --cancel.");

        command.DoesAt(connection, Checked, (parsed, fleet, cancellation) => parsed.GetValue(id) is { } job
            ? OneAsync(terminal, fleet, job, parsed.GetValue(wait) || parsed.GetValue(live), parsed.GetValue(live), parsed.GetValue(cancel), cancellation)
            : terminal.WhileReadAsync(reading => ListAsync(terminal, fleet, new JobFilter { Newest = parsed.GetValue(newest), State = parsed.GetValue(state) }, reading), cancellation));
        return command;
    }

    private static async Task<ExitCode> ListAsync(Terminal terminal, RemoteFleet fleet, JobFilter filter, CancellationToken cancellation)
    {
        var table = new TextTable("JOB", "COMMAND", "TARGET", "OPERATOR", "STATE", "DONE", "FAILED", "CREATED");
        await foreach (JobInfo job in fleet.FindJobsAsync(filter, cancellation))
            Show(terminal, table, job);
        table.Write(terminal);
        return ExitCode.Success;
    }

    private static async Task<ExitCode> OneAsync(Terminal terminal, RemoteFleet fleet, string id, bool wait, bool live, bool cancel, CancellationToken cancellation)
    {
        JobInfo? info = null;
        await foreach (JobInfo found in fleet.FindJobsAsync(new JobFilter { Id = id, Newest = 1 }, cancellation))
            info = found;
        if (info is null)
        {
            throw new PantryException(PantryErrorCode.NoMatchingJob,
                $"The server has no job '{DisplayText.Clean(id, 80)}' of this operator. 'pantry jobs' lists those there are; they are removed some time after they ended.");
        }

        if (cancel)
        {
            info = await fleet.ControlJobAsync(info.JobId, JobAction.Cancel, cancellation);
            if (!wait)
            {
                var table = new TextTable("JOB", "COMMAND", "TARGET", "OPERATOR", "STATE", "DONE", "FAILED", "CREATED");
                Show(terminal, table, info);
                table.Write(terminal);
                return ExitCode.Success;
            }
        }

        IJob job = await fleet.OpenJobAsync(info.JobId, 0, cancellation);
        int count = wait ? info.Targets : info.Done;
        ExitCode code = await new JobFollower(terminal, live).WriteAsync(job, count, cancellation);
        if (count < info.Targets && code != ExitCode.Unread)
            terminal.Note($"The job is {info.State}; --wait waits for the other {info.Targets - count} results.");
        return code;
    }

    private static void Show(Terminal terminal, TextTable table, JobInfo job)
    {
        if (terminal.Format == OutputFormat.Json)
            terminal.WriteJson(job, ViewJson.Default.JobInfo);
        else
            table.Add(job.JobId, job.Command, job.Target, job.Operator, job.State.ToString(), $"{job.Done}/{job.Targets}", $"{job.Failed}", Moment.Of(job.CreatedAt));
    }
}
