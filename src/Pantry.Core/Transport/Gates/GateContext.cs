using System.Net;
using Microsoft.Extensions.Logging;

namespace Pantry.Transport.Gates;

/// <summary>What all connections of one gate share.</summary>
internal sealed class GateContext
{
    public GateContext(IPEndPoint backend, GateProfile profile, GateLimits limits, TimeProvider time, ILogger log)
    {
        limits.Validate(profile);
        Backend = backend;
        Profile = profile;
        Limits = limits;
        Log = log;
        Clock = new GateClock(time);
        Budget = new FrameBudget(limits.FrameBudgetBytes);
        BackendPlaces = new SemaphoreSlim(limits.MaxBackendHandshakes);
        Hello = ZmtpReady.Hello(profile.Local);
    }

    public IPEndPoint Backend { get; }

    public GateProfile Profile { get; }

    public GateLimits Limits { get; }

    public ILogger Log { get; }

    public GateClock Clock { get; }

    public GateCounters Counters { get; } = new();

    public FrameBudget Budget { get; }

    /// <summary>Bounds the handshakes with our own endpoint, whose backlog is short.</summary>
    public SemaphoreSlim BackendPlaces { get; }

    /// <summary>What we say to a foreign peer.</summary>
    public byte[] Hello { get; }

    /// <summary>What we say to our own endpoint, in the peer's place.</summary>
    /// <param name="number">The connection's number, which only a ROUTER has a use for.</param>
    public byte[] BackendHello(ulong number) =>
        ZmtpReady.Hello(Profile.Peer, Profile.Local == ZmtpSocketType.Router ? RoutingId.Of(number) : []);

    /// <summary>How often deadlines are looked at: fine enough for the shortest of them.</summary>
    public TimeSpan SweepPeriod
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
