using System.Text;
using Pantry.Commands;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Output;

/// <summary>Orders whose output is watched.</summary>
internal static class LiveFleet
{
    public static JobRequest Shell(string line, Target? target = null) => new()
    {
        Target = target ?? Target.All,
        Command = ShellCommand.CommandName,
        Format = BodyFormat.Json,
        Arguments = Fleet.Json(new { line }),
        Plan = RolloutPlan.AtOnce with { Live = true },
    };

    /// <summary>Reads a job's output and rows to their end, and holds that they are the same.</summary>
    public static async Task<(Transcript Output, IReadOnlyDictionary<string, ResultRow> Rows)> ReadAsync(IJob job, Transcript? transcript = null)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        Transcript output = transcript ?? new Transcript(job.Targets);
        Task reading = output.ReadAsync(job, deadline.Token);
        List<ResultRow> rows = await job.ReadRowsAsync(deadline.Token).ToListAsync(deadline.Token);
        await reading;
        foreach (ResultRow row in rows)
        {
            Assert.Equal(Encoding.UTF8.GetString(row.Body(Result.StandardOutputBody)), output.Text(row.Client));
            Assert.Equal(Encoding.UTF8.GetString(row.Body(Result.StandardErrorBody)), output.Text(row.Client, Result.StandardErrorBody));
        }

        return (output, rows.ToDictionary(row => row.Client));
    }
}

/// <summary>Runs what a test wants on one client, in a shell.</summary>
internal sealed class TalkCommand(string line) : ICommand
{
    public const string CommandName = "Talk";

    public string Name => CommandName;

    public Task<CommandOutcome> RunAsync(CommandContext context, CancellationToken cancellation) =>
        new ShellCommand().RunAsync(context with { Arguments = Fleet.Json(new { line }), Format = BodyFormat.Json }, cancellation);

    public static CommandTable On(string line)
    {
        var commands = new CommandTable();
        commands.Add(new TalkCommand(line));
        return commands;
    }

    public static JobRequest Order(Target? target = null) => new()
    {
        Target = target ?? Target.All,
        Command = CommandName,
        Format = BodyFormat.Json,
        Arguments = Fleet.Json(new { }),
        Plan = RolloutPlan.AtOnce with { Live = true },
    };
}
