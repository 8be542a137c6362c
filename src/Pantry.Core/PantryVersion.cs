namespace Pantry;

internal static class PantryVersion
{
    /// <summary>Version of this Pantry, as the package has it.</summary>
    public static string Current { get; } = typeof(PantryVersion).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";
}
