using System.Diagnostics.Metrics;
using Pantry.Transport;

namespace Pantry.Server;

/// <summary>What a server measures. All of it is counted anyway and looked at only when somebody asks, so that measuring costs nothing in between.</summary>
internal static class ServerMeter
{
    public const string Name = "Pantry.Server";

    private static readonly string[] AtTheDoor = ["Handshake", "Key", "NotSealed", "WrongServerKey", "InvalidEnrollment", "ProtocolVersionMismatch", "ServerKeyMismatch"];

    /// <summary>A meter of a server; whoever made it disposes it.</summary>
    public static Meter Create(ServerHost host, SocketLoop loop)
    {
        var meter = new Meter(Name, PantryVersion.Current);
        meter.CreateObservableGauge("pantry.server.clients", () => Clients(host), description: "Approved clients, by presence.");
        meter.CreateObservableGauge("pantry.server.sessions", () => host.Sessions.Count, description: "Sessions of clients and operators.");
        meter.CreateObservableGauge("pantry.server.jobs.open", () => host.Jobs.Open, description: "Jobs that have not ended.");
        meter.CreateObservableGauge("pantry.server.feeds", () => host.OpenFeeds, description: "Jobs whose rows are on their way to a console.");
        meter.CreateObservableCounter("pantry.server.rows", () => host.Counters.Rows.Select(count => Tagged(count.Value, "status", count.Key.ToString())), description: "Rows that were written, by status.");
        meter.CreateObservableCounter("pantry.server.orders.published", () => host.Statistics().OrdersPublished, description: "Orders published, one for each topic of an order.");
        meter.CreateObservableCounter("pantry.server.orders.resent", () => host.Statistics().OrdersSentDirectly, description: "Orders sent to one client over its session: not subscribed yet, or not acknowledged in time.");
        meter.CreateObservableCounter("pantry.server.messages.received", () => host.Statistics().MessagesReceived, description: "Messages that were understood.");
        meter.CreateObservableCounter("pantry.server.messages.dropped", () => ByReason(host.Statistics().MessagesDropped), description: "Messages that were dropped, by reason.");
        meter.CreateObservableCounter(
            "pantry.server.handshakes.refused", () => ByReason(host.Statistics().MessagesDropped.Where(count => AtTheDoor.Any(start => count.Key.StartsWith(start, StringComparison.Ordinal)))),
            description: "Peers that were refused in or after the handshake, by reason; each is among the dropped messages too.");
        meter.CreateObservableCounter("pantry.server.connections.admitted", () => host.Statistics().ConnectionsAdmitted, description: "Connections that the gates let in.");
        meter.CreateObservableCounter("pantry.server.connections.refused", () => ByReason(host.Statistics().ConnectionsRefused), description: "Connections that the gates refused or cut, by reason.");
        meter.CreateObservableGauge("pantry.server.connections.open", () => host.Statistics().ConnectionsOpen, description: "Connections on all ports, half-open ones included.");
        meter.CreateObservableCounter("pantry.server.files.transferred", () => ChunkBytes(host), "By", "Bytes of files' chunks, by direction as the server sees it.");
        meter.CreateObservableGauge("pantry.server.files.underway", () => host.FileBytesUnderWay, "By", "Bytes of chunks that are on their way to peers.");
        meter.CreateObservableGauge("pantry.loop.waiting", () => loop.Waiting, description: "Work that waits for the loop of the sockets.");
        return meter;
    }

    private static IEnumerable<Measurement<long>> Clients(ServerHost host)
    {
        (int known, int online) = host.Registry.Counts;
        return [Tagged(online, "state", "online"), Tagged(known - online, "state", "offline")];
    }

    private static IEnumerable<Measurement<long>> ChunkBytes(ServerHost host)
    {
        (long sent, long received) = host.Counters.ChunkBytes;
        return [Tagged(sent, "direction", "sent"), Tagged(received, "direction", "received")];
    }

    private static IEnumerable<Measurement<long>> ByReason(IEnumerable<KeyValuePair<string, long>> counts) => counts.Select(count => Tagged(count.Value, "reason", count.Key));

    private static Measurement<long> Tagged(long value, string name, string tag) => new(value, new KeyValuePair<string, object?>(name, tag));
}
