using Pantry.Commands;

namespace Pantry.PowerShell.Scripts;

/// <summary>A command that Register-PantryCommand added to the clients of a runspace.</summary>
internal sealed class RegisteredCommand(string name, string script) : ICommand
{
    public string Name => name;

    public Task<CommandOutcome> RunAsync(CommandContext context, CancellationToken cancellation) =>
        ScriptRun.RunAsync(script, SealedPlaces.Restore(ScriptOrder.FromBytes(context.Arguments), context.Secrets), context, cancellation);
}
