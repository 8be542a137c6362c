using System.Security.Cryptography;
using System.Text;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.Server;

/// <summary>
/// Who may give orders: the trust bundle in force, the root key that signs it where that is here, and the server's own
/// operator. A bundle only ever gives way to one with a greater serial.
/// </summary>
internal sealed class Authority : IDisposable
{
    /// <summary>Name of the operator made at the first start, for whoever works on the server itself.</summary>
    public const string LocalOperator = "local";

    private const int MaxKeyBytes = 4096;
    private const string RootKeyCure = "Bring the file back from a copy. Without one, move it away: the root key counts as offline then, and Import-PantryRootKey brings it back.";
    private const string LocalKeyCure = "Bring the file back from a copy. Without one, move it away: other operators give orders then, and the server's own does not.";

    private const string BringBack = "Bring it back with Import-PantryRootKey first.";
    private const string BringBackOrGive = "So the server cannot change who may give orders. Give the root key's file with -RootKeyFile, or bring the key back with Import-PantryRootKey.";

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _changing = new(1);
    private readonly BundleStore _store;
    private readonly ServerKeys _keys;
    private readonly TimeProvider _time;
    private volatile BundleKeeper _keeper;
    private SigningKey? _local;

    private Authority(BundleStore store, ServerKeys keys, string network, BundleKeeper keeper, TimeProvider time)
    {
        _store = store;
        _keys = keys;
        Network = network;
        _keeper = keeper;
        _time = time;
        _local = File.Exists(keys.LocalOperatorPath) ? SigningKeyFile.Load(keys.LocalOperatorPath, null, LocalKeyCure) : null;
    }

    /// <summary>A new bundle is in force.</summary>
    public event Action? Changed;

    public string Network { get; }

    /// <summary>The bundle in force.</summary>
    public TrustBundle Bundle => _keeper.Current!;

    /// <summary>The bundle in force, as it is sent.</summary>
    public byte[] SignedBundle => _keeper.Signed!.ToBytes();

    /// <summary>The fleet's root key.</summary>
    public VerifyKey RootKey => _keeper.Root;

    public bool IsRootKeyHere => File.Exists(_keys.RootPath);

    /// <summary>The root key as users see it.</summary>
    public RootKeyInfo RootKeyInfo => new() { Fingerprint = RootKey.Fingerprint, PublicKey = RootKey.ToString(), IsAtServer = IsRootKeyHere };

    /// <summary>Opens what is stored; at the first start makes a root key, the local operator and the first bundle.</summary>
    public static Authority Open(BundleStore store, ServerKeys keys, string network, TimeProvider time)
    {
        if (store.Latest() is { } latest)
        {
            // Found now, and not on the day it is needed: one that others can read, that is a link or holds no key.
            if (Path.Exists(keys.RootPath))
                SigningKeyFile.Load(keys.RootPath, null, RootKeyCure).Dispose();
            return new Authority(store, keys, network, BundleKeeper.Restore(network, ReadPinned(keys.PinnedRootPath), latest.Bundle), time);
        }

        using SigningKey root = SigningKeyFile.LoadOrCreate(keys.RootPath, null, RootKeyCure);
        using SigningKey local = SigningKeyFile.LoadOrCreate(keys.LocalOperatorPath, null, LocalKeyCure);
        PrivateFile.Replace(keys.PinnedRootPath, Encoding.ASCII.GetBytes(root.PublicKey + "\n"));
        DateTimeOffset now = time.GetUtcNow();
        var bundle = new TrustBundle(network, 1, now, [LocalEntry(local, now)]);
        var keeper = new BundleKeeper(network, root.PublicKey);
        keeper.Accept(Security.SignedBundle.Sign(bundle, root));
        store.Save(bundle.Serial, keeper.ToBytes());
        return new Authority(store, keys, network, keeper, time);
    }

    /// <summary>Signs orders as the server's own operator.</summary>
    /// <exception cref="PantryException">The local operator was taken away.</exception>
    public OrderSigner LocalSigner(PantryOptions options) => _local is { } key && Bundle.Find(LocalOperator) is not null
        ? new OrderSigner(LocalOperator, key, Network, options, _time)
        : throw new PantryException(PantryErrorCode.KeyRevoked,
            "The server's own operator was taken away, so no order can be given here. Connect as an operator with Connect-PantryServer -OperatorFile.");

    /// <summary>The operator whose session key it is; null where there is none or its time is over.</summary>
    public OperatorEntry? FindBySessionKey(PublicKey key) => Bundle.FindBySessionKey(key) is { } found && !IsOver(found) ? found : null;

    /// <summary>Whether there is an operator of that name, and of that signing key where one is given, who may administer.</summary>
    public bool MayAdminister(string name, string? fingerprint) =>
        Bundle.Find(name) is { Administrator: true } entry && !IsOver(entry) && (fingerprint is null || fingerprint == Fingerprint.Of(entry.SigningKey));

    private bool IsOver(OperatorEntry entry) => entry.HasExpired(_time.GetUtcNow());

    public OperatorList List()
    {
        TrustBundle bundle = Bundle;
        return new OperatorList([.. bundle.Operators.Select(ToInfo)], bundle.Serial, IsRootKeyHere);
    }

    /// <summary>The bundle with one operator more, to be put in force.</summary>
    public SignedBundle SignWith(AddOperator request) => Sign(bundle => NewOperator.AddTo(bundle, request, _time.GetUtcNow()));

    /// <summary>The bundle with one operator less, to be put in force.</summary>
    /// <exception cref="PantryException">There is none of that name, or nobody could administer the fleet afterwards.</exception>
    public SignedBundle SignWithout(string name) => Sign(bundle =>
    {
        TrustBundle left = NewOperator.RemoveFrom(bundle, name, _time.GetUtcNow());
        return left.Operators.Any(entry => entry.Administrator && !IsOver(entry)) || bundle.Find(name) is { Administrator: false }
            ? left
            : throw new PantryException(PantryErrorCode.InvalidArgument,
                $"'{bundle.Find(name)!.Name}' is the last operator who may administer the fleet; nobody could add another one afterwards. Make one first with New-PantryOperator -Administrator.")
            { Target = name };
    });

    public void Remove(string name) => Put(SignWithout(name));

    /// <summary>Held while a bundle is signed, written down and put in force.</summary>
    public async Task<IDisposable> AloneAsync()
    {
        await _changing.WaitAsync().ConfigureAwait(false);
        return new Alone(_changing);
    }

    /// <summary>What would be in force after <see cref="Put"/>; null where nothing would change.</summary>
    /// <exception cref="PantryException">The bundle does not stand, or is no newer than the one in force.</exception>
    public TrustBundle? Preview(SignedBundle signed)
    {
        BundleKeeper next = BundleKeeper.Restore(Network, PinnedRoot, _keeper.ToBytes());
        return next.Accept(signed) ? next.Current : null;
    }

    /// <summary>Puts a bundle in force that was signed elsewhere.</summary>
    /// <exception cref="PantryException">The bundle does not stand, or is no newer than the one in force.</exception>
    public void Put(SignedBundle signed)
    {
        lock (_lock)
        {
            // Stored before it counts: a server that is killed meanwhile comes back with one or the other, whole.
            BundleKeeper next = BundleKeeper.Restore(Network, PinnedRoot, _keeper.ToBytes());
            if (!next.Accept(signed))
                return;
            _store.Save(next.Current!.Serial, next.ToBytes());
            _keeper = next;
        }

        Changed?.Invoke();
    }

    /// <summary>A new root key takes the place of the present one, which signs that it does.</summary>
    public void RenewRoot()
    {
        using SigningKey old = LoadRoot(BringBack);
        using SigningKey renewed = SigningKey.Generate();
        DateTimeOffset now = _time.GetUtcNow();
        SignedHandover handover = SignedHandover.Sign(new RootHandover(Network, renewed.PublicKey.Bytes.ToArray(), now), old);
        // The new key lies beside the old one until the bundle that needs it is stored.
        string waiting = _keys.RootPath + ".new";
        KeyFile.Writing(waiting, () => PrivateFile.Replace(waiting, Encoding.ASCII.GetBytes(renewed.ToPem(null))));
        TrustBundle next = Bundle with { Serial = Bundle.Serial + 1, IssuedAt = now };
        Put(Security.SignedBundle.Sign(next, renewed, [.. _keeper.Signed!.Handovers, handover]));
        KeyFile.Writing(_keys.RootPath, () => File.Move(waiting, _keys.RootPath, overwrite: true));
    }

    /// <summary>Writes the root key to a file, and on demand takes it away from here.</summary>
    /// <param name="path">The file, which must not be there.</param>
    /// <param name="password">Encrypts the file; null for none.</param>
    /// <param name="takeAway">
    /// Whether neither the root key nor the local operator stay: then whoever has this server cannot give orders.
    /// </param>
    /// <exception cref="PantryException">The file is there, or nobody but the local operator could administer the fleet afterwards.</exception>
    public void ExportRoot(string path, string? password, bool takeAway)
    {
        if (takeAway && !Bundle.Operators.Any(entry => entry is { Administrator: true } && !Names.Same(entry.Name, LocalOperator) && !IsOver(entry)))
        {
            throw new PantryException(PantryErrorCode.InvalidArgument,
                "Without the root key the server's own operator goes too, and there is no other administrator. Make one first with New-PantryOperator -Administrator.");
        }

        using (SigningKey root = LoadRoot(BringBack))
        {
            byte[] pem = Encoding.ASCII.GetBytes(root.ToPem(password) + "\n");
            try
            {
                KeyFile.WriteNew(path, pem);
            }
            finally
            {
                CryptographicOperations.ZeroMemory(pem);
            }
        }

        if (!takeAway)
            return;
        if (Bundle.Find(LocalOperator) is not null)
            Remove(LocalOperator);
        lock (_lock)
        {
            _local?.Dispose();
            _local = null;
        }

        File.Delete(_keys.LocalOperatorPath);
        File.Delete(_keys.RootPath);
    }

    /// <summary>Brings the root key back, and the server's own operator with it: whoever has both can always make an administrator.</summary>
    /// <exception cref="PantryException">The file is not the fleet's root key.</exception>
    public void ImportRoot(string path, string? password)
    {
        using SigningKey root = SigningKeyFile.Load(path, password);
        if (!root.PublicKey.Equals(RootKey))
        {
            throw new PantryException(PantryErrorCode.ServerKeyMismatch,
                $"'{path}' holds the key {root.PublicKey.Fingerprint}; the fleet's root key is {RootKey.Fingerprint}.")
            { Target = path };
        }

        KeyFile.Writing(_keys.RootPath, () => PrivateFile.Replace(_keys.RootPath, Encoding.ASCII.GetBytes(root.ToPem(null))));
        if (Bundle.Find(LocalOperator) is not null)
            return;
        // A key of its own each time: what the one before has signed stays void.
        File.Delete(_keys.LocalOperatorPath);
        SigningKey local = SigningKeyFile.LoadOrCreate(_keys.LocalOperatorPath);
        lock (_lock)
        {
            _local?.Dispose();
            _local = local;
        }

        Put(Sign(bundle => bundle.With(LocalEntry(local, _time.GetUtcNow()), _time.GetUtcNow())));
    }

    // The local operator works inside the server and never needs a session: nobody has the secret of that key.
    private static OperatorEntry LocalEntry(SigningKey local, DateTimeOffset now)
    {
        using CurveKeyPair unused = CurveKeyPair.Generate();
        return new OperatorEntry(
            LocalOperator, unused.PublicKey.ToString(), local.PublicKey.Bytes.ToArray(), [new OperatorScope([OperatorScope.Any], [OperatorScope.Any])],
            Administrator: true, now, ExpiresAt: null);
    }

    public void Dispose()
    {
        _local?.Dispose();
        _changing.Dispose();
    }

    private VerifyKey PinnedRoot => ReadPinned(_keys.PinnedRootPath);

    private static VerifyKey ReadPinned(string path)
    {
        try
        {
            return VerifyKey.TryParse(Encoding.ASCII.GetString(PrivateFile.Read(path, MaxKeyBytes))) ?? throw new PantryException(PantryErrorCode.InvalidKey,
                $"'{path}' holds no public signing key: it must be the fleet's root key's, in base64. Bring the file back from a copy of the root directory.")
            { Target = path };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new PantryException(PantryErrorCode.StorageFailed,
                $"The fleet's root key, whose public half is '{path}', cannot be read: {exception.Message} Bring the file back from a copy of the root directory.", exception)
            { Target = path };
        }
    }

    private SignedBundle Sign(Func<TrustBundle, TrustBundle> change)
    {
        using SigningKey root = LoadRoot(BringBackOrGive);
        lock (_lock)
            return Security.SignedBundle.Sign(change(Bundle), root, _keeper.Signed!.Handovers);
    }

    private SigningKey LoadRoot(string cure)
    {
        if (!IsRootKeyHere)
        {
            throw new PantryException(PantryErrorCode.RootKeyOffline,
                $"The fleet's root key is not at the server. {cure}");
        }

        SigningKey root = SigningKeyFile.Load(_keys.RootPath, null, RootKeyCure);
        string waiting = _keys.RootPath + ".new";
        if (root.PublicKey.Equals(RootKey) || !File.Exists(waiting))
            return root;
        // Killed between the two steps of a renewal: the bundle is there, the file's name was not changed yet.
        root.Dispose();
        File.Move(waiting, _keys.RootPath, overwrite: true);
        return SigningKeyFile.Load(_keys.RootPath);
    }

    private sealed class Alone(SemaphoreSlim gate) : IDisposable
    {
        public void Dispose() => gate.Release();
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
