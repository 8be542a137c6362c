using Pantry.Commands;

namespace Pantry.Bench;

/// <summary>Does nothing, but counts as something that must not be done twice: it goes into the journal.</summary>
internal sealed class NoteCommand : ICommand
{
    public string Name => "Note";

    public Task<CommandOutcome> RunAsync(CommandContext context, CancellationToken cancellation) => Task.FromResult(new CommandOutcome());
}
