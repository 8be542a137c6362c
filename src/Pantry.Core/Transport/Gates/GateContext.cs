using System.Net;
using Microsoft.Extensions.Logging;

namespace Pantry.Transport.Gates;

/// <summary>What all connections of one gate share.</summary>
internal sealed class GateContext
{
    private bool _isStopping;

    public GateContext(IPEndPoint backend, GateProfile profile, GateLimits limits, TimeProvider time, ILogger log)
    {
        limits.Validate(profile);
        Backend = backend;
        Profile = profile;
        Limits = limits;
        Log = log;
        Clock = new GateClock(time);
        Sweep = new DeadlineSweep(Clock, SweepGrain, log);
        Budget = new FrameBudget(limits.FrameBudgetBytes);
        Outbound = new OutboundShare(limits.OutboundBudgetBytes);
        Hello = ZmtpReady.Hello(profile.Local);
    }

    public IPEndPoint Backend { get; }

    public GateProfile Profile { get; }

    /// <summary>What passes our endpoint, if anything does.</summary>
    public FrameBypass? Bypass { get; init; }

    public GateLimits Limits { get; }

    public ILogger Log { get; }

    public GateClock Clock { get; }

    /// <summary>Looks at the deadlines of all connections.</summary>
    public DeadlineSweep Sweep { get; }

    public GateCounters Counters { get; } = new();

    public FrameBudget Budget { get; }

    /// <summary>What waits for slow peers, over all connections.</summary>
    public OutboundShare Outbound { get; }

    /// <summary>Whether our endpoint is expected to close.</summary>
    public bool IsStopping
    {
        get => Volatile.Read(ref _isStopping);
        set => Volatile.Write(ref _isStopping, value);
    }

    /// <summary>What we say to a foreign peer.</summary>
    public byte[] Hello { get; }

    /// <summary>How often deadlines are looked at when there are many: fine enough for the shortest of them.</summary>
    private TimeSpan SweepGrain
    {
        get
        {
            TimeSpan shortest = new[]
            {
                Limits.HandshakeTimeout, Limits.FirstMessageTimeout, Limits.MessageTimeout, Limits.StallTimeout,
                Limits.BackendTimeout, Limits.CloseTimeout, Limits.DrainTimeout, Limits.IdleTimeout ?? TimeSpan.MaxValue,
            }.Min();
            return TimeSpan.FromMilliseconds(Math.Clamp(shortest.TotalMilliseconds / 8, 20, 500));
        }
    }
}
