using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace Pantry.Bench.Fleet;

/// <summary>The pieces that everything passes through, by BenchmarkDotNet.</summary>
internal static class PiecesBench
{
    public static int Run(string[] args)
    {
        // In this process: what is measured is internal to Pantry, and names are enough to build it once.
        IConfig config = ManualConfig.Create(DefaultConfig.Instance)
            .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance))
            .WithArtifactsPath(BenchFleet.NewDirectory(inMemory: false))
            .WithOptions(ConfigOptions.DisableLogFile);
        _ = BenchmarkSwitcher.FromTypes([typeof(MessagePieces), typeof(OrderPieces), typeof(RegistryPieces)]).Run(args.Length > 0 ? args : ["--filter", "*"], config);
        return 0;
    }
}
