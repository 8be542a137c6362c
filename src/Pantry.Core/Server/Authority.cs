using Pantry.Operators;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Storage;

namespace Pantry.Server;

/// <summary>
/// Who may give orders: the trust bundle in force, the root key that signs it where that is here, and the server's own
/// operator. A bundle only ever gives way to one with a greater serial.
/// </summary>
internal sealed class Authority : IDisposable
{
    /// <summary>Name of the operator made at the first start, for whoever works on the server itself.</summary>
    public const string LocalOperator = "local";

    private readonly Lock _lock = new();
    private readonly BundleStore _store;
    private readonly ServerKeys _keys;
    private readonly TimeProvider _time;
    private readonly BundleKeeper _keeper;
    private SigningKey? _local;

    private Authority(BundleStore store, ServerKeys keys, string network, BundleKeeper keeper, TimeProvider time)
    {
        _store = store;
        _keys = keys;
        Network = network;
        _keeper = keeper;
        _time = time;
        _local = File.Exists(keys.LocalOperatorPath) ? SigningKeyFile.Load(keys.LocalOperatorPath) : null;
    }

    /// <summary>A new bundle is in force.</summary>
    public event Action? Changed;

    public string Network { get; }

    /// <summary>The bundle in force.</summary>
    public TrustBundle Bundle => _keeper.Bundle!;

    /// <summary>The bundle in force, as it is sent.</summary>
    public byte[] SignedBundle => _keeper.Signed!;

    /// <summary>The fleet's root key.</summary>
    public VerifyKey RootKey => _keeper.Root;

    public bool IsRootKeyHere => File.Exists(_keys.RootPath);

    /// <summary>Opens what is stored; at the first start makes a root key, the local operator and the first bundle.</summary>
    public static Authority Open(BundleStore store, ServerKeys keys, string network, TimeProvider time)
    {
        if (store.Latest() is { } latest)
        {
            string pinned = Path.Combine(Path.GetDirectoryName(keys.RootPath)!, "root.pub");
            return new Authority(store, keys, network, BundleKeeper.Open(VerifyKey.Parse(File.ReadAllText(pinned)), network, latest.Bundle), time);
        }

        using SigningKey root = SigningKeyFile.LoadOrCreate(keys.RootPath);
        using SigningKey local = SigningKeyFile.LoadOrCreate(keys.LocalOperatorPath);
        File.WriteAllText(Path.Combine(Path.GetDirectoryName(keys.RootPath)!, "root.pub"), root.PublicKey + Environment.NewLine);
        DateTimeOffset now = time.GetUtcNow();
        var bundle = new TrustBundle(network, 1, now, [
            new OperatorEntry(LocalOperator, "", local.PublicKey.ToBytes(), [OperatorScope.Everything], Administrator: true, now, ExpiresAt: null),
        ]);
        byte[] signed = Security.SignedBundle.Sign(bundle, root, []).ToBytes();
        store.Save(bundle.Serial, signed);
        return new Authority(store, keys, network, BundleKeeper.Open(root.PublicKey, network, signed), time);
    }

    /// <summary>Signs orders as the server's own operator.</summary>
    /// <exception cref="PantryException">The local operator was taken away.</exception>
    public OrderSigner LocalSigner(PantryOptions options) => _local is { } key && Bundle.Find(LocalOperator) is not null
        ? new OrderSigner(LocalOperator, key, Network, options, _time)
        : throw new PantryException(PantryErrorCode.KeyRevoked,
            "The server's own operator was taken away, so no order can be given here. Connect as an operator with Connect-PantryServer -OperatorFile.");

    /// <summary>The operator whose session key it is; null where there is none or its time is over.</summary>
    public OperatorEntry? FindBySessionKey(PublicKey key) => Bundle.FindBySessionKey(key) is { } found && !IsOver(found) ? found : null;

    public bool IsOver(OperatorEntry entry) => entry.ExpiresAt < _time.GetUtcNow();

    public OperatorList List()
    {
        TrustBundle bundle = Bundle;
        return new OperatorList([.. bundle.Operators.Select(ToInfo)], bundle.Serial, IsRootKeyHere);
    }

    /// <summary>Adds an operator.</summary>
    public void Add(AddOperator request)
    {
        VerifyKey key = VerifyKey.FromBytes(request.SigningKey);
        PublicKey.Parse(request.SessionKey, "session key of the operator");
        var entry = new OperatorEntry(
            Targeting.Names.RequireIdentity(request.Name, "operator name"), request.SessionKey, key.ToBytes(), [.. request.Scopes.Select(OperatorScope.Parse)],
            request.Administrator, _time.GetUtcNow(), request.ExpiresAt);
        Sign(bundle => bundle.With(entry, _time.GetUtcNow()));
    }

    public void Remove(string name) => Sign(bundle => bundle.Find(name) is not null
        ? bundle.Without(name, _time.GetUtcNow())
        : throw new PantryException(PantryErrorCode.InvalidArgument, $"There is no operator '{DisplayText.Clean(name, 80)}'. Get-PantryOperator lists them.") { Target = name });

    /// <summary>Puts a bundle in force that was signed elsewhere.</summary>
    public void Put(byte[] signed)
    {
        lock (_lock)
        {
            _keeper.Check(signed);
            _store.Save(_keeper.SerialOf(signed), signed);
            _keeper.Accept(signed);
        }

        Changed?.Invoke();
    }

    /// <summary>Takes the local operator's rights and key away, so that without the root key nothing here can give an order.</summary>
    public void RemoveLocalOperator()
    {
        if (Bundle.Find(LocalOperator) is not null)
            Remove(LocalOperator);
        lock (_lock)
        {
            File.Delete(_keys.LocalOperatorPath);
            _local?.Dispose();
            _local = null;
        }
    }

    /// <summary>A new root key takes the place of the present one, which signs that it does.</summary>
    public void RenewRoot() => throw new NotSupportedException();

    public void Dispose() => _local?.Dispose();

    private void Sign(Func<TrustBundle, TrustBundle> change)
    {
        if (!IsRootKeyHere)
        {
            throw new PantryException(PantryErrorCode.RootKeyOffline,
                "The fleet's root key is not at the server, so the server cannot change who may give orders. Give the root key's file with -RootKeyFile.");
        }

        using SigningKey root = SigningKeyFile.Load(_keys.RootPath);
        byte[] signed;
        lock (_lock)
            signed = _keeper.Sign(change(Bundle), root);
        Put(signed);
    }

    private static OperatorInfo ToInfo(OperatorEntry entry) => new()
    {
        Name = entry.Name,
        Scopes = [.. entry.Scopes.Select(scope => scope.ToString())],
        Administrator = entry.Administrator,
        Fingerprint = Fingerprint.Of(entry.SigningKey),
        CreatedAt = entry.CreatedAt,
        ExpiresAt = entry.ExpiresAt,
    };
}
