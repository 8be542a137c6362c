using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.Security;

/// <summary>An order as its operator signed it, and how the server is to carry it out.</summary>
internal sealed record SignedJob
{
    public required SignedOrder Order { get; init; }

    /// <summary>The target; identities of a list are here and not in the statement, which has their tags' digests.</summary>
    public required Target Target { get; init; }

    public byte[] Arguments { get; init; } = [];

    /// <summary>Sealed secrets; empty for none.</summary>
    public byte[] Secrets { get; init; } = [];

    /// <summary>Entries of the listed targets, in the order of the identities.</summary>
    public byte[] Entries { get; init; } = [];

    /// <summary>How long a client may take to acknowledge the order.</summary>
    public TimeSpan DeliveryTimeout { get; init; }

    /// <summary>How it is carried out among its targets.</summary>
    public RolloutPlan Plan { get; init; } = RolloutPlan.AtOnce;
}
