using Pantry.Commands;

namespace Pantry.PowerShell.Scripts;

/// <summary>The Script command of a client hosted in PowerShell: runs the order's script in a clean runspace.</summary>
internal sealed class ScriptOrderCommand : ICommand
{
    public string Name => ScriptCommand.CommandName;

    public Task<CommandOutcome> RunAsync(CommandContext context, CancellationToken cancellation)
    {
        ScriptOrder order = ScriptOrder.FromBytes(context.Arguments);
        return ScriptRun.RunAsync(order.Script, order, context.Options.OutputBytes, cancellation);
    }
}
