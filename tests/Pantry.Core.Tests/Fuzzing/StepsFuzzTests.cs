using Pantry.Protocol;

namespace Pantry.Tests.Fuzzing;

/// <summary>What an order with steps says of them: understood whole, or not at all.</summary>
[Collection(nameof(FuzzRun))]
public sealed class StepsFuzzTests
{
    [Fact]
    public void Damaged_steps_are_steps_or_allow_nothing() => FuzzRun.Run(
        (damaged, _) =>
        {
            var commands = OrderCommands.Of("Steps", BodyFormat.Json, damaged);
            Assert.Equal(commands.Fault is null, commands.Steps is not null);
            Assert.All(commands.Steps?.Steps ?? [], step => Assert.Contains(step.Command, commands.All, StringComparer.OrdinalIgnoreCase));
            return commands.Fault is null;
        },
        new OrderSteps([new OrderStep("Shell", BodyFormat.Json, [1, 2, 3], "a name", 1.5, "somebody"), new OrderStep("Ping", BodyFormat.None, [])]).ToBytes());
}
