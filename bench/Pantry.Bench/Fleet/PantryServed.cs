using System.Globalization;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Server;
using Pantry.Targeting;

namespace Pantry.Bench.Fleet;

/// <summary>A whole server of Pantry; what it is told to do, its own operator orders.</summary>
internal sealed class PantryServed(ServerHost host) : IFleetServed
{
    private readonly string[] _identities = [.. host.Registry.List(new ClientFilter()).Select(client => client.Identity)];

    public int PublishPort => host.PublishPort;

    public int ReceivePort => host.ReceivePort;

    /// <summary>Clients that are registered and hear what is published.</summary>
    public int Connected => host.Registry.Refresh(_identities).Count(client => client is { Session: not null, HearsPublished: true });

    public string Counters()
    {
        ServerStatistics statistics = host.Statistics();
        return string.Join(", ", statistics.MessagesDropped.Concat(statistics.ConnectionsRefused).Select(dropped => $"{dropped.Key} {dropped.Value}")
            .Append($"orders sent again or directly {statistics.OrdersSentDirectly}"));
    }

    /// <summary>Sizes in the words are the floors' business: here they are what they are.</summary>
    public async Task<string> DoAsync(string[] words)
    {
        int count = int.Parse(words[3], CultureInfo.InvariantCulture);
        return words[0] switch
        {
            "ping" => await Measure.OnceAsync(() => PingAsync(host.Fleet, PeerFleet.Everybody)),
            "list" => await Measure.OnceAsync(() => PingAsync(host.Fleet, Target.Clients(_identities))),
            "trips" => await Measure.TripsAsync(count, number => PingAsync(host.Fleet, Target.Clients([_identities[number % _identities.Length]]))),
            "ingest" => await Measure.OnceAsync(() => Task.WhenAll(Enumerable.Range(0, count).Select(_ => PingAsync(host.Fleet, PeerFleet.Everybody)))),
            _ => "what?",
        };
    }

    public ValueTask DisposeAsync() => host.DisposeAsync();

    /// <summary>One order and all its rows.</summary>
    public static async Task<int> PingAsync(IFleet fleet, Target target)
    {
        IJob job = await fleet.StartJobAsync(new JobRequest { Target = target, Command = "Ping", DeliveryTimeout = Measure.Patience }, default);
        int rows = 0;
        await foreach (ResultRow row in job.ReadRowsAsync(default))
        {
            rows++;
            if (row.Result.Status != CommandStatus.Succeeded)
                throw new InvalidOperationException($"{row.Client}: {row.Result.Status}: {row.Result.Error?.Message}");
        }

        return rows;
    }
}
