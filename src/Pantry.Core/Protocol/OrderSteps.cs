using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pantry.Protocol;

/// <summary>
/// Arguments of the command that takes steps. They are read where an order's authority is judged, on both sides, so they are bounded and
/// strict: what cannot be read allows nothing.
/// </summary>
/// <param name="Steps">The steps, in their order.</param>
internal sealed record OrderSteps(IReadOnlyList<OrderStep> Steps)
{
    public const string CommandName = "Steps";

    public const int MaxSteps = 64;

    /// <summary>Begins the name of a step's secret, which is followed by the step's number and this again.</summary>
    private const string SecretSeparator = ":";

    private const int MaxNameLength = 128;
    private const int MaxCommandLength = 255;

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, OrderStepsJson.Default.OrderSteps);

    /// <summary>Reads the arguments; null where they are none.</summary>
    /// <param name="format">How the order says that they are written.</param>
    /// <param name="arguments">The arguments.</param>
    /// <param name="fault">What is wrong with them.</param>
    public static OrderSteps? TryRead(BodyFormat format, ReadOnlySpan<byte> arguments, out string? fault)
    {
        fault = null;
        OrderSteps? steps = null;
        try
        {
            steps = format == BodyFormat.Json ? JsonSerializer.Deserialize(arguments, OrderStepsJson.Default.OrderSteps) : null;
        }
        catch (JsonException)
        {
            // Said below.
        }

        if (steps is null)
            fault = "its steps cannot be read";
        else if (steps.Steps.Count is 0 or > MaxSteps)
            fault = $"it has {steps.Steps.Count} steps; 1 to {MaxSteps} are possible";
        else if (steps.Steps.Any(step => step is null || !IsText(step.Command, MaxCommandLength) || (step.Name is not null && !IsText(step.Name, MaxNameLength)) || (step.RunAs is not null && !IsText(step.RunAs, MaxCommandLength))))
            fault = "a step's name, command or user is no name";
        else if (steps.Steps.Any(step => step.Command.Equals(CommandName, StringComparison.OrdinalIgnoreCase)))
            fault = "a step is made of steps itself";
        else if (steps.Steps.Any(step => step.TimeoutSeconds is { } seconds && (!double.IsFinite(seconds) || seconds <= 0)))
            fault = "a step's time to run is none";
        return fault is null ? steps : null;
    }

    /// <summary>The name under which an order carries a step's secret, so that no step sees another's.</summary>
    /// <param name="number">The step's number, from 1 on.</param>
    /// <param name="name">The secret's name within the step.</param>
    public static string SecretName(int number, string name) => $"{number}{SecretSeparator}{name}";

    private static bool IsText(string? text, int maxLength) => text is { Length: > 0 } && text.Length <= maxLength && !text.Any(char.IsControl);
}

/// <param name="Command">Name of the command.</param>
/// <param name="Format">How its arguments are written.</param>
/// <param name="Arguments">Its arguments.</param>
/// <param name="Name">What the step is called; null to go by its command.</param>
/// <param name="TimeoutSeconds">How long it may run; null for what is left of the order's time.</param>
/// <param name="RunAs">User to run as; null for the client's own.</param>
internal sealed record OrderStep(string Command, BodyFormat Format, byte[] Arguments, string? Name = null, double? TimeoutSeconds = null, string? RunAs = null);

/// <summary>What came of the steps: the output of a command that takes steps.</summary>
/// <param name="Steps">One for each step, in their order.</param>
internal sealed record StepRows(IReadOnlyList<StepRow> Steps);

/// <param name="Name">What the step is called.</param>
/// <param name="Command">Name of the command.</param>
/// <param name="Status">How it ended.</param>
/// <param name="Format">How its output is written.</param>
/// <param name="Truncated">Whether output was left out.</param>
/// <param name="Seconds">How long it ran.</param>
/// <param name="StandardOutput">What it wrote.</param>
/// <param name="StandardError">What it wrote.</param>
/// <param name="Output">What it returned.</param>
/// <param name="ExitCode">Exit code of its process, where there was one.</param>
/// <param name="Error">Why it did not succeed.</param>
/// <param name="TextEncoding">Encoding of its streams where it is not UTF-8.</param>
/// <param name="StartedAt">When it was started; null where it never was.</param>
internal sealed record StepRow(
    string Name, string Command, CommandStatus Status, BodyFormat Format, bool Truncated, double Seconds, byte[] StandardOutput, byte[] StandardError, byte[] Output,
    int? ExitCode = null, CommandError? Error = null, string? TextEncoding = null, DateTimeOffset? StartedAt = null);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    AllowDuplicateProperties = false,
    MaxDepth = 6)]
[JsonSerializable(typeof(OrderSteps))]
[JsonSerializable(typeof(StepRows))]
internal sealed partial class OrderStepsJson : JsonSerializerContext;
