using Pantry.Provisioning.Packages;

namespace Pantry.Provisioning.Resolution;

/// <summary>A package that somebody needs, and who that is, for messages.</summary>
internal sealed record Requirement(PackageNeed Need, string By)
{
    public override string ToString() => $"{By} needs {Need.Range}";
}
