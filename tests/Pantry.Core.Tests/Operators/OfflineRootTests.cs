using System.Reflection;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;

namespace Pantry.Tests.Operators;

public sealed class OfflineRootTests
{
    private const string Network = "fleet";

    [Fact]
    public async Task What_the_root_key_signed_is_built_upon_and_signed_anew()
    {
        using SigningKey root = SigningKey.Generate();
        (IFleet fleet, FakeServer server) = FakeServer.With(SignedBundle.Sign(Bundle("mary", "eve"), root));

        await OfflineRoot.RevokeAsync(fleet, root, "eve", DateTimeOffset.UnixEpoch, default);

        TrustBundle put = SignedBundle.FromBytes(server.Put!).Verify(root.PublicKey, Network, out _);
        Assert.Equal(("mary", 2L), (Assert.Single(put.Operators).Name, put.Serial));
    }

    [Fact]
    public async Task A_server_cannot_have_operators_of_its_own_signed()
    {
        using SigningKey root = SigningKey.Generate();
        using SigningKey servers = SigningKey.Generate();
        (IFleet fleet, FakeServer server) = FakeServer.With(SignedBundle.Sign(Bundle("mary", "eve"), servers));

        PantryException refused = await Assert.ThrowsAsync<PantryException>(() => OfflineRoot.RevokeAsync(fleet, root, "eve", DateTimeOffset.UnixEpoch, default));

        Assert.Equal((PantryErrorCode.InvalidSignature, null), (refused.Code, server.Put));
    }

    [Fact]
    public async Task A_root_key_that_was_renewed_signs_no_more()
    {
        using SigningKey old = SigningKey.Generate();
        using SigningKey renewed = SigningKey.Generate();
        SignedHandover handover = SignedHandover.Sign(new RootHandover(Network, renewed.PublicKey.Bytes.ToArray(), DateTimeOffset.UnixEpoch), old);
        (IFleet fleet, FakeServer server) = FakeServer.With(SignedBundle.Sign(Bundle("mary"), renewed, [handover]));

        PantryException refused = await Assert.ThrowsAsync<PantryException>(() => OfflineRoot.RevokeAsync(fleet, old, "mary", DateTimeOffset.UnixEpoch, default));

        Assert.Equal((PantryErrorCode.ServerKeyMismatch, null), (refused.Code, server.Put));
    }

    [Fact]
    public async Task Whom_to_add_is_signed_here_where_the_root_key_is_and_else_asked_of_the_server()
    {
        using SigningKey root = SigningKey.Generate();
        using SigningKey signing = SigningKey.Generate();
        using CurveKeyPair session = CurveKeyPair.Generate();
        var john = new AddOperator("john", session.PublicKey.ToString(), signing.PublicKey.Bytes.ToArray(), ["*:*"], Administrator: false, null);
        (IFleet fleet, FakeServer server) = FakeServer.With(SignedBundle.Sign(Bundle("mary"), root));

        await OfflineRoot.AddAsync(fleet, null, john, DateTimeOffset.UnixEpoch, default);
        await OfflineRoot.RevokeAsync(fleet, null, "mary", DateTimeOffset.UnixEpoch, default);
        Assert.Equal(["AddOperatorAsync john", "RevokeOperatorAsync mary"], server.Asked);
        Assert.Null(server.Put);

        await OfflineRoot.AddAsync(fleet, root, john, DateTimeOffset.UnixEpoch, default);
        Assert.Equal(2, server.Asked.Count);
        Assert.Equal(["mary", "john"], SignedBundle.FromBytes(server.Put!).Verify(root.PublicKey, Network, out _).Operators.Select(one => one.Name));
    }

    private static TrustBundle Bundle(params string[] names) => new(Network, 1, DateTimeOffset.UnixEpoch, [.. names.Select(name =>
    {
        using CurveKeyPair session = CurveKeyPair.Generate();
        using SigningKey signing = SigningKey.Generate();
        return new OperatorEntry(
            name, session.PublicKey.ToString(), signing.PublicKey.Bytes.ToArray(), [OperatorScope.Parse("*:*")], Administrator: false, DateTimeOffset.UnixEpoch, null);
    })]);

    /// <summary>A server that hands out a bundle and keeps what is put; all else fails.</summary>
    public class FakeServer : DispatchProxy
    {
        private byte[] _bundle = [];

        internal byte[]? Put { get; private set; }

        internal List<string> Asked { get; } = [];

        internal static (IFleet Fleet, FakeServer Server) With(SignedBundle bundle)
        {
            IFleet fleet = Create<IFleet, FakeServer>();
            var server = (FakeServer)fleet;
            server._bundle = bundle.ToBytes();
            return (fleet, server);
        }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            switch (targetMethod!.Name)
            {
                case "get_Place":
                    return new FleetPlace("localhost", 1, "", Network);
                case nameof(IFleet.ListOperatorsAsync):
                    return Task.FromResult((new OperatorList([], 1, false), _bundle));
                case nameof(IFleet.AddOperatorAsync):
                    return Ask(targetMethod, ((AddOperator)args![0]!).Name);
                case nameof(IFleet.RevokeOperatorAsync):
                    return Ask(targetMethod, (string)args![0]!);
                case nameof(IFleet.PutBundleAsync):
                    Put = (byte[])args![0]!;
                    return Task.FromResult(new OperatorList([], 2, false));
                default:
                    throw new NotSupportedException(targetMethod.Name);
            }
        }

        private Task<OperatorList> Ask(MethodInfo what, string whom)
        {
            Asked.Add($"{what.Name} {whom}");
            return Task.FromResult(new OperatorList([], 2, false));
        }
    }
}
