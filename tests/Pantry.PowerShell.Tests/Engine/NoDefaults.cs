using System.Runtime.CompilerServices;

namespace Pantry.PowerShell.Tests.Engine;

/// <summary>Whoever runs the tests may have an operator's defaults; they are not the tests'.</summary>
internal static class NoDefaults
{
    [ModuleInitializer]
    internal static void Set() => Environment.SetEnvironmentVariable("XDG_CONFIG_HOME", Path.Combine(Path.GetTempPath(), "pantry-tests-no-defaults"));
}
