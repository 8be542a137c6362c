using Pantry.PowerShell.Scripts;

namespace Pantry.PowerShell;

/// <summary>A step for Send-PantryCommand -Step. Its secrets stay where they were given until the order is made.</summary>
public sealed class PantryStep
{
    // Held as an object: PowerShell reflects over this type before the core is loaded.
    private readonly object _order;

    internal PantryStep(object order, string? name, TimeSpan timeout, string? runAs)
    {
        _order = order;
        StepName = name;
        Timeout = timeout;
        RunAs = runAs;
    }

    /// <summary>What it is called; its command where it was given no name.</summary>
    public string Name => StepName ?? Command;

    /// <summary>Name of the command.</summary>
    public string Command => Order.Command;

    /// <summary>What it does.</summary>
    public string Description => Order.Description;

    /// <summary>How long it may run; zero for what is left of the order's time.</summary>
    public TimeSpan Timeout { get; }

    /// <summary>The user it runs as; null for the client's own.</summary>
    public string? RunAs { get; }

    internal string? StepName { get; }

    private CommandOrder Order => (CommandOrder)_order;

    /// <summary>Name and description.</summary>
    public override string ToString() => StepName is null ? Description : $"{StepName}: {Description}";

    internal object Content() => _order;
}
