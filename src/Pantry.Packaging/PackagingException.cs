namespace Pantry.Packaging;

/// <summary>A package cannot be made; the message says which and what to do.</summary>
internal sealed class PackagingException(string message) : Exception(message);
