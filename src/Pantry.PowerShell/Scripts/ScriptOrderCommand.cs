using Pantry.Commands;

namespace Pantry.PowerShell.Scripts;

/// <summary>
/// The Script command of a client hosted in PowerShell: runs the order's script in a clean runspace. A runspace has the
/// user of its process, so for another one the script runs in a PowerShell of its own.
/// </summary>
internal sealed class ScriptOrderCommand : ICommand
{
    private readonly ScriptCommand _child = new();

    public string Name => ScriptCommand.CommandName;

    public bool CanRunAs => true;

    public Task<CommandOutcome> RunAsync(CommandContext context, CancellationToken cancellation)
    {
        if (context.RunAs is { } user && !RunAsUser.IsOwn(user))
            return _child.RunAsync(context, cancellation);
        ScriptOrder order = SealedPlaces.Restore(ScriptOrder.FromBytes(context.Arguments), context.Secrets);
        return ScriptRun.RunAsync(order.Script, order, context, cancellation);
    }
}
