namespace Pantry;

/// <summary>Counters of a server since its start.</summary>
public sealed record ServerStatistics
{
    /// <summary>Orders published, however many clients each of them reached.</summary>
    public long OrdersPublished { get; init; }

    /// <summary>Orders sent to one client over its own session.</summary>
    public long OrdersSentDirectly { get; init; }

    /// <summary>Messages received from clients and operators and understood.</summary>
    public long MessagesReceived { get; init; }

    /// <summary>Messages dropped, by reason.</summary>
    public IReadOnlyDictionary<string, long> MessagesDropped { get; init; } = new Dictionary<string, long>();

    /// <summary>Connections that the gates admitted.</summary>
    public long ConnectionsAdmitted { get; init; }

    /// <summary>Connections that the gates refused or cut, by reason.</summary>
    public IReadOnlyDictionary<string, long> ConnectionsRefused { get; init; } = new Dictionary<string, long>();

    /// <summary>Connections open now, on all ports.</summary>
    public int ConnectionsOpen { get; init; }
}
