namespace Pantry;

/// <summary>An error with a name, a cause and a cure.</summary>
public sealed class PantryException : Exception
{
    /// <summary>Makes an error.</summary>
    /// <param name="code">Stable name of the error.</param>
    /// <param name="message">What is wrong, where it is wrong, and the cure.</param>
    /// <param name="innerException">The cause, where there is one.</param>
    public PantryException(PantryErrorCode code, string message, Exception? innerException = null)
        : base(message, innerException) => Code = code;

    /// <summary>Stable name of the error.</summary>
    public PantryErrorCode Code { get; }

    /// <summary>What the error is about: an address, a file, an identity.</summary>
    public string? Target { get; init; }
}
