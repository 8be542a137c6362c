using System.Diagnostics.Metrics;
using Pantry.Transport;

namespace Pantry.Client;

/// <summary>What a client measures.</summary>
internal static class ClientMeter
{
    public const string Name = "Pantry.Client";

    /// <summary>A meter of a client, which is perhaps not let in yet; whoever made it disposes it.</summary>
    public static Meter Create(Func<ClientAgent?> agent, SocketLoop loop)
    {
        var meter = new Meter(Name, PantryVersion.Current);
        meter.CreateObservableGauge("pantry.client.connected", () => agent()?.Status == ServiceStatus.Running ? 1 : 0, description: "Whether there is a link to the server.");
        meter.CreateObservableGauge(
            "pantry.client.approved", () => agent() is { Registration: RegistrationStatus.Approved } ? 1 : 0, description: "Whether the server takes the client for an approved one.");
        meter.CreateObservableGauge("pantry.client.commands", () => agent()?.RunningJobs ?? 0, description: "Orders that run or wait for their turn.");
        meter.CreateObservableGauge("pantry.loop.waiting", () => loop.Waiting, description: "Work that waits for the loop of the sockets.");
        return meter;
    }
}
