using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace Pantry.PowerShell.Isolation;

/// <summary>
/// Where Pantry's core and its third-party assemblies load, so that other modules can have other versions of the same
/// ones. What users see (Pantry.Model) and the cmdlets stay in the default context, where type literals are looked up.
/// </summary>
internal sealed class PantryLoadContext : AssemblyLoadContext
{
    private const string CoreName = "Pantry.Core";

    private static readonly PantryLoadContext Instance = new(
        Path.Combine(Path.GetDirectoryName(typeof(PantryLoadContext).Assembly.Location)!, "core"));

    private readonly string _directory;

    private PantryLoadContext(string directory)
        : base("Pantry") => _directory = directory;

    /// <summary>Runs before any other code of this assembly.</summary>
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "PowerShell loads this assembly; nothing else of it runs before its types are needed.")]
    internal static void Install() => Default.Resolving += ResolveCore;

    protected override Assembly? Load(AssemblyName assemblyName)
    {
        if (assemblyName.Name == typeof(ClientInfo).Assembly.GetName().Name)
            return typeof(ClientInfo).Assembly;

        // The framework's assemblies are not in the directory, so they come from the default context.
        string path = Path.Combine(_directory, $"{assemblyName.Name}.dll");
        return File.Exists(path) ? LoadFromAssemblyPath(path) : null;
    }

    /// <summary>Native libraries lie beside the assemblies that ask for them, a folder for each platform.</summary>
    protected override IntPtr LoadUnmanagedDll(string unmanagedDllName)
    {
        string file = OperatingSystem.IsWindows() ? $"{unmanagedDllName}.dll"
            : OperatingSystem.IsMacOS() ? $"lib{unmanagedDllName}.dylib" : $"lib{unmanagedDllName}.so";
        string? path = NativePlatform.Candidates(RuntimeInformation.RuntimeIdentifier, RuntimeInformation.ProcessArchitecture)
            .Select(platform => Path.Combine(_directory, "runtimes", platform, "native", file))
            .FirstOrDefault(File.Exists);
        return path is null ? IntPtr.Zero : LoadUnmanagedDllFromPath(path);
    }

    /// <summary>The one door between the contexts: only the core's name leads through it, and only for this module.</summary>
    private static Assembly? ResolveCore(AssemblyLoadContext context, AssemblyName name) =>
        name.Name == CoreName ? Instance.LoadFromAssemblyName(name) : null;
}
