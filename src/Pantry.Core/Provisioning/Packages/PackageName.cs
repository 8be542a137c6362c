using Pantry.Security;
using Pantry.Targeting;

namespace Pantry.Provisioning.Packages;

/// <summary>The rules for names of packages: those of identities, and that a client of any platform can have a directory of that name.</summary>
internal static class PackageName
{
    /// <summary>What is wrong with a name that is otherwise one, and what to do about it; null where nothing is.</summary>
    public static string? Fault(string name) => PathGuard.IsDevice(name)
        ? $"'{name}' is the name of a device on Windows, and no client there can have a directory of that name. Give the package another one, such as 'my-{name}'"
        : null;

    /// <exception cref="PantryException">The name is none.</exception>
    public static string Require(string? name, string what = "name of a package")
    {
        string known = Names.RequireIdentity(name, what);
        return Fault(known) is { } fault ? throw new PantryException(PantryErrorCode.InvalidName, $"{fault}.") { Target = known } : known;
    }
}
