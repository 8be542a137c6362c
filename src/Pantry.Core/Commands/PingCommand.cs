namespace Pantry.Commands;

/// <summary>Answers. Shows that the client takes orders.</summary>
internal sealed class PingCommand : ICommand
{
    public const string CommandName = "Ping";

    public string Name => CommandName;

    public bool IsRepeatable => true;

    public Task<CommandOutcome> RunAsync(CommandContext context, CancellationToken cancellation) => Task.FromResult(new CommandOutcome());
}
