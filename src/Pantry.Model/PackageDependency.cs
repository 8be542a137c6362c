namespace Pantry;

/// <summary>A package that another one needs.</summary>
/// <param name="Name">Name of the package that is needed.</param>
/// <param name="Range">The versions that will do.</param>
public sealed record PackageDependency(string Name, string Range)
{
    /// <summary>Name and range.</summary>
    public override string ToString() => $"{Name} {Range}";
}
