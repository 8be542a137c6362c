using Pantry.Commands;

namespace Pantry.Tests.Attacks;

/// <summary>A command that must not be run twice, and how often it was.</summary>
internal sealed class Tally : ICommand
{
    private int _times;
    private int _settled;

    public string Name => "Count";

    /// <summary>How often it was run.</summary>
    public int Times => Volatile.Read(ref _times);

    /// <summary>How often `Settle` was, which a test gives behind what it has sent.</summary>
    public int Settled => Volatile.Read(ref _settled);

    public CommandTable Commands
    {
        get
        {
            var commands = new CommandTable();
            commands.Add(this);
            commands.Add(new EndToEnd.CountingCommand("Settle", () => { }, () => Interlocked.Increment(ref _settled)));
            return commands;
        }
    }

    public Task<CommandOutcome> RunAsync(CommandContext context, CancellationToken cancellation)
    {
        Interlocked.Increment(ref _times);
        return Task.FromResult(new CommandOutcome());
    }
}
