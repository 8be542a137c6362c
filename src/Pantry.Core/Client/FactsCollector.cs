using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Pantry.Client;

/// <summary>Takes the facts of this machine.</summary>
internal static class FactsCollector
{
    public static ClientFacts Collect(ClientConfiguration configuration, TimeProvider time) => new()
    {
        HostName = Environment.MachineName,
        OperatingSystem = OperatingSystem.IsWindows() ? "Windows" : OperatingSystem.IsMacOS() ? "MacOS" : "Linux",
        OperatingSystemDescription = OperatingSystemDescription(),
        OperatingSystemVersion = Environment.OSVersion.Version.ToString(),
        Architecture = RuntimeInformation.OSArchitecture.ToString(),
        ProcessorCount = Environment.ProcessorCount,
        MemoryBytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
        Addresses = Addresses(),
        Uptime = TimeSpan.FromMilliseconds(Environment.TickCount64),
        PantryVersion = PantryVersion.Current,
        PowerShellVersion = configuration.PowerShellVersion,
        UserName = Environment.UserName,
        ProcessId = Environment.ProcessId,
        CollectedAt = time.GetUtcNow(),
        Custom = configuration.CustomFacts,
    };

    private static string OperatingSystemDescription()
    {
        const string Release = "/etc/os-release";
        try
        {
            if (OperatingSystem.IsLinux() && File.Exists(Release))
            {
                string? name = File.ReadLines(Release).FirstOrDefault(line => line.StartsWith("PRETTY_NAME=", StringComparison.Ordinal));
                if (name is not null)
                    return name["PRETTY_NAME=".Length..].Trim('"');
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The runtime's own description serves too.
        }

        return RuntimeInformation.OSDescription;
    }

    private static IReadOnlyList<string> Addresses()
    {
        try
        {
            return
            [
                .. NetworkInterface.GetAllNetworkInterfaces()
                    .Where(network => network.OperationalStatus == OperationalStatus.Up && network.NetworkInterfaceType != NetworkInterfaceType.Loopback)
                    .SelectMany(network => network.GetIPProperties().UnicastAddresses)
                    .Where(address => address.Address.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6 && !address.Address.IsIPv6LinkLocal)
                    .Select(address => address.Address.ToString())
                    .Distinct(),
            ];
        }
        catch (NetworkInformationException)
        {
            return [];
        }
    }
}
