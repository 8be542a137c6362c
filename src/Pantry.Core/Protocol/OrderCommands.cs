namespace Pantry.Protocol;

/// <summary>
/// The commands that an order runs: its own, and those of its steps. Whoever judges an order judges all of them, and an order whose
/// steps cannot be read runs none.
/// </summary>
/// <param name="All">Names of the commands, the order's own first.</param>
/// <param name="Steps">The steps, where it has some.</param>
/// <param name="Fault">Why it cannot be told what it runs.</param>
internal sealed record OrderCommands(IReadOnlyList<string> All, OrderSteps? Steps, string? Fault)
{
    public static OrderCommands Of(string command, BodyFormat format, ReadOnlySpan<byte> arguments)
    {
        if (!command.Equals(OrderSteps.CommandName, StringComparison.OrdinalIgnoreCase))
            return new OrderCommands([command], null, null);
        return OrderSteps.TryRead(format, arguments, out string? fault) is { } steps
            ? new OrderCommands([command, .. steps.Steps.Select(step => step.Command).Distinct(StringComparer.OrdinalIgnoreCase)], steps, null)
            : new OrderCommands([command], null, fault);
    }
}
