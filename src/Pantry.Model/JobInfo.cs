using System.Text.Json.Serialization;

namespace Pantry;

/// <summary>A job as the server knows it: an order, and how its targets do.</summary>
public sealed record JobInfo
{
    /// <summary>Id of the job, as results have it.</summary>
    public required string JobId { get; init; }

    /// <summary>Name of the command.</summary>
    public required string Command { get; init; }

    /// <summary>Whom the order was meant for, in words.</summary>
    public required string Target { get; init; }

    /// <summary>Name of the operator who gave the order.</summary>
    public required string Operator { get; init; }

    /// <summary>How far it has come.</summary>
    public PantryJobState State { get; init; }

    /// <summary>When the server took it.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>No target starts it later than this.</summary>
    public DateTimeOffset ValidUntil { get; init; }

    /// <summary>When the last target had its row; null until then.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>How many targets it has.</summary>
    public int Targets { get; init; }

    /// <summary>How many of them have their row, by how they ended.</summary>
    [JsonRequired]
    public IReadOnlyDictionary<string, int> Rows { get; init; } = new Dictionary<string, int>();

    /// <summary>How many targets have their row.</summary>
    [JsonIgnore]
    public int Done => Rows.Values.Sum();

    /// <summary>How many targets succeeded.</summary>
    [JsonIgnore]
    public int Succeeded => Rows.GetValueOrDefault(nameof(CommandStatus.Succeeded));

    /// <summary>How many targets ended in any other way.</summary>
    [JsonIgnore]
    public int Failed => Done - Succeeded;

    /// <summary>The job's id, so that a job can stand wherever its id can.</summary>
    public override string ToString() => JobId;
}
