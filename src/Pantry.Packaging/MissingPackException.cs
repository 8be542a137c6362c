namespace Pantry.Packaging;

/// <summary>NuGet has not got a part of .NET that this SDK wants for a platform. Packages for other platforms can be made all the same.</summary>
internal sealed class MissingPackException(string message) : Exception(message);
