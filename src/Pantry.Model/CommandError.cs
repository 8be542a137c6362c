namespace Pantry;

/// <summary>Why a target did not succeed.</summary>
/// <param name="Code">Stable name of the error, such as <c>NonZeroExitCode</c>.</param>
/// <param name="Message">What happened, where, and what to do about it.</param>
public sealed record CommandError(string Code, string Message)
{
    /// <summary>The message.</summary>
    public override string ToString() => Message;
}
