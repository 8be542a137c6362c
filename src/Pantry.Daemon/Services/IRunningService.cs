using System.Diagnostics.Metrics;
using Pantry.Configuration.Settings;
using Pantry.Logging;

namespace Pantry.Daemon.Services;

/// <summary>A server or client that runs.</summary>
internal interface IRunningService : IAsyncDisposable
{
    /// <summary>Completes when it has ended by itself, and fails with the error that it cannot go on with.</summary>
    Task Ended { get; }

    /// <summary>How it does, in a line for the service manager.</summary>
    string Status { get; }

    /// <summary>Work that a restart would cut off.</summary>
    int Busy { get; }

    /// <summary>What it measures.</summary>
    Meter Meter { get; }

    /// <summary>Takes what can change while it runs.</summary>
    void Apply(HostLog log, HostSettings old, HostSettings now);

    /// <summary>Whether its loop really turns: asks it, and waits no longer than the token allows.</summary>
    Task<bool> TurnsAsync(CancellationToken cancellation);
}
