using BenchmarkDotNet.Attributes;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server;
using Pantry.Targeting;

namespace Pantry.Bench.Fleet;

/// <summary>What is asked of a registry of 100,000 clients: some by name, and all that match.</summary>
[MemoryDiagnoser]
public class RegistryPieces
{
    private const int Clients = 100_000;
    private readonly ClientRegistry _registry = new(Clients);
    private readonly ClientFilter _one = new() { Identities = ["host050000"] };
    private readonly ClientFilter _thousand = new() { Identities = [.. Enumerable.Range(0, 1000).Select(i => $"host{i * 97:000000}")] };
    private readonly ClientFilter _stream = new() { Stream = "app17.test" };
    private readonly Target _names = Target.Clients(Enumerable.Range(0, 1000).Select(i => $"host{i * 97:000000}"));
    private readonly Target _streams = new() { Streams = ["app17.test"] };

    public RegistryPieces()
    {
        byte[] key = new byte[PublicKey.Length];
        for (int i = 0; i < Clients; i++)
        {
            BitConverter.TryWriteBytes(key, i + 1);
            _registry.Add(PublicKey.FromBytes(key), ClientLabels.Create($"host{i:000000}", $"app{i % 100}", "test", ["web"]), null);
        }
    }

    [Benchmark]
    public int ListOneByName() => _registry.List(_one).Count;

    [Benchmark]
    public int ListAThousandByName() => _registry.List(_thousand).Count;

    [Benchmark]
    public int ListAStreamOfAThousand() => _registry.List(_stream).Count;

    [Benchmark]
    public int TargetAThousandNames() => _registry.Expect(_names).Recipients.Count;

    [Benchmark]
    public int TargetAStreamOfAThousand() => _registry.Expect(_streams).Recipients.Count;
}
