using System.Management.Automation;
using Pantry.Protocol;

namespace Pantry.PowerShell.Scripts;

/// <summary>The steps that a user gave: those of New-PantryStep, and script blocks and shell commands as they are.</summary>
internal static class StepList
{
    /// <exception cref="PantryException">One is no step.</exception>
    public static IReadOnlyList<PantryStep> Read(IEnumerable<object?> given, SessionState session) => [.. given.Select((value, index) => Unwrapped(value) switch
    {
        PantryStep step => step,
        ScriptBlock script => new PantryStep(new CommandOrder { ScriptBlock = script, Using = UsingValues.Collect(script, session) }, null, TimeSpan.Zero, null),
        string { Length: > 0 } line => new PantryStep(new CommandOrder { ShellCommand = line }, null, TimeSpan.Zero, null),
        var other => throw new PantryException(PantryErrorCode.InvalidArgument,
            $"Step {index + 1} is {(other is null ? "nothing" : $"a {other.GetType().Name}")}. Give a shell command as text, a script block, or what New-PantryStep makes."),
    })];

    /// <summary>The order's arguments; each step's secrets are put with those given, under a name that only this step sees.</summary>
    public static OrderSteps Build(IReadOnlyList<PantryStep> steps, OrderSecrets secrets, SessionState session) => new([.. steps.Select((step, index) =>
    {
        var own = new OrderSecrets();
        (string command, BodyFormat format, byte[] arguments) = ((CommandOrder)step.Content()).Build(own, session);
        secrets.AddStep(index + 1, own);
        return new OrderStep(command, format, arguments, step.StepName, step.Timeout > TimeSpan.Zero ? step.Timeout.TotalSeconds : null, step.RunAs);
    })]);

    private static object? Unwrapped(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;
}
