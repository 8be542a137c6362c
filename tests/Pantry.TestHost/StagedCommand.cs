using System.Text;
using Pantry.Commands;

namespace Pantry.TestHost;

/// <summary>
/// Does something that may be done again, and then something that may not: writes what it does into a file of the client's own, and goes on when there is a file
/// with that word's name.
/// </summary>
internal sealed class StagedCommand(string directory) : ICommand
{
    public const string CommandName = "Staged";

    public string Name => CommandName;

    public bool BeginsItself => true;

    public async Task<CommandOutcome> RunAsync(CommandContext context, CancellationToken cancellation)
    {
        await StageAsync("fetch", cancellation);
        if (!context.Begin())
            return CommandOutcome.Failed("Begun", "It was begun before.");
        await StageAsync("apply", cancellation);
        return new CommandOutcome { StandardOutput = Encoding.UTF8.GetBytes("done") };
    }

    private async Task StageAsync(string word, CancellationToken cancellation)
    {
        await File.AppendAllTextAsync(Path.Combine(directory, "stages"), $"{word}\n", cancellation);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!File.Exists(Path.Combine(directory, word)))
            await timer.WaitForNextTickAsync(cancellation);
    }
}
