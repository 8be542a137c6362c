namespace Pantry.Help;

/// <summary>Something in a source of the help that cannot be used, and where it is.</summary>
internal sealed class HelpException(string place, string message) : Exception(message)
{
    public string Place { get; } = place;
}
