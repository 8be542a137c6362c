using System.Diagnostics.Metrics;
using Pantry.Daemon.Services;

namespace Pantry.Daemon.Metrics;

/// <summary>What is measured of the process, under the names that dashboards know, and of its loop.</summary>
internal static class ProcessMeter
{
    public static Meter Create(LifeSigns life)
    {
        var meter = new Meter("Pantry.Process", PantryVersion.Current);
        double startedAt = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;
        meter.CreateObservableCounter("process.cpu", () => Environment.CpuUsage.TotalTime.TotalSeconds, "s", "Processor time that the process has used.");
        meter.CreateObservableGauge("process.resident_memory", () => Environment.WorkingSet, "By", "Memory of the process that is in RAM.");
        meter.CreateObservableGauge("process.start_time", () => startedAt, "s", "When the service was started, since the epoch.");
        meter.CreateObservableGauge("pantry.loop.latency", () => life.Latency.TotalSeconds, "s", "How long the loop of the sockets took to answer when it was last asked.");
        meter.CreateObservableGauge("pantry.loop.turns", () => life.Turns ? 1 : 0, description: "Whether it answered.");
        meter.CreateObservableGauge(
            "pantry.build.info", () => new Measurement<int>(1, new KeyValuePair<string, object?>("version", PantryVersion.Current)), description: "Always 1; the label says which version runs.");
        return meter;
    }
}
