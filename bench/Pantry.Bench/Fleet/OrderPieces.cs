using BenchmarkDotNet.Attributes;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Security;
using Pantry.Targeting;

namespace Pantry.Bench.Fleet;

/// <summary>An order signed by its operator, verified by server and client, and matched.</summary>
[MemoryDiagnoser]
public class OrderPieces : IDisposable
{
    private const string Network = "bench";
    private static readonly PantryOptions Options = new();
    private readonly ClientLabels _labels = ClientLabels.Create("host00500", "shop", "test", ["web"]);
    private static readonly JobRequest Everybody = new() { Target = PeerFleet.Everybody, Command = "Ping", ValidFor = TimeSpan.FromHours(5) };

    private readonly SigningKey _key = SigningKey.Generate();
    private readonly OrderSigner _signer;
    private readonly SignedJob _signed;
    private readonly TrustBundle _bundle;
    private readonly JobRequest _thousand = Everybody with { Target = Target.Clients(Enumerable.Range(0, 1000).Select(i => $"host{i:00000}")) };

    public OrderPieces()
    {
        using CurveKeyPair session = CurveKeyPair.Generate();
        _signer = new OrderSigner("console", _key, Network, Options, TimeProvider.System);
        _bundle = new TrustBundle(Network, 1, DateTimeOffset.UtcNow,
            [new OperatorEntry("console", session.PublicKey.ToString(), _key.PublicKey.Bytes.ToArray(), [OperatorScope.Parse("*:*")], false, DateTimeOffset.UtcNow)]);
        _signed = _signer.Sign(Everybody);
    }

    [Benchmark]
    public int SignAnOrder() => _signer.Sign(Everybody).Order.Signature.Length;

    [Benchmark]
    public int SignAnOrderForAThousandNames() => _signer.Sign(_thousand).Order.Signature.Length;

    [Benchmark]
    public bool VerifyAnOrder() =>
        OrderCheck.Verify(_signed.Order, _bundle, Network, DateTimeOffset.UtcNow, Options.ClockSkew, Options.Wire.MaxStatementBytes).Stands;

    [Benchmark]
    public bool MatchAClientWithAStream() => TargetMatcher.Matches(PeerFleet.Everybody, _labels);

    public void Dispose()
    {
        _key.Dispose();
        GC.SuppressFinalize(this);
    }
}
