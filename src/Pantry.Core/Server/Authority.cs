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
    /// <summary>Name of the server's own operator.</summary>
    public const string LocalOperator = ServerOperator.Name;

    private const string BringBack = "Bring it back with Import-PantryRootKey first.";
    private const string BringBackOrGive = "So the server cannot change who may give orders. Give the root key's file with -RootKeyFile, or bring the key back with Import-PantryRootKey.";

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _changing = new(1);
    private readonly BundleStore _store;
    private readonly RootKeyFile _rootFile;
    private readonly ServerOperator _local;
    private readonly TimeProvider _time;
    private volatile BundleKeeper _keeper;

    private Authority(BundleStore store, RootKeyFile rootFile, ServerOperator local, string network, BundleKeeper keeper, TimeProvider time)
    {
        _store = store;
        _rootFile = rootFile;
        _local = local;
        Network = network;
        _keeper = keeper;
        _time = time;
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

    public bool IsRootKeyHere => _rootFile.IsHere;

    /// <summary>The root key as users see it.</summary>
    public RootKeyInfo RootKeyInfo => new() { Fingerprint = RootKey.Fingerprint, PublicKey = RootKey.ToString(), IsAtServer = IsRootKeyHere };

    /// <summary>Opens what is stored; at the first start makes a root key, the local operator and the first bundle.</summary>
    public static Authority Open(BundleStore store, ServerKeys keys, string network, TimeProvider time)
    {
        var rootFile = new RootKeyFile(keys);
        if (store.Latest() is { } latest)
        {
            rootFile.Check();
            var keeperOfLatest = BundleKeeper.Restore(network, rootFile.ReadPinned(), latest.Bundle);
            return new Authority(store, rootFile, new ServerOperator(keys), network, keeperOfLatest, time);
        }

        using SigningKey root = rootFile.Create();
        var local = new ServerOperator(keys);
        DateTimeOffset now = time.GetUtcNow();
        var bundle = new TrustBundle(network, 1, now, [local.Create(now)]);
        var keeper = new BundleKeeper(network, root.PublicKey);
        keeper.Accept(Security.SignedBundle.Sign(bundle, root));
        store.Save(bundle.Serial, keeper.ToBytes());
        return new Authority(store, rootFile, local, network, keeper, time);
    }

    /// <summary>Signs orders as the server's own operator.</summary>
    /// <exception cref="PantryException">The local operator was taken away.</exception>
    public OrderSigner LocalSigner(PantryOptions options) => _local.Key is { } key && Bundle.Find(LocalOperator) is not null
        ? new OrderSigner(LocalOperator, key, Network, options, _time)
        : throw new PantryException(PantryErrorCode.KeyRevoked,
            "The server's own operator was taken away, so no order can be given here. Connect as an operator with Connect-PantryServer -OperatorFile.");

    /// <summary>Lets programs on the server's own machine in as its own operator, for as long as the server runs.</summary>
    public void OpenConsole(FleetPlace place) => _local.OpenConsole(place);

    /// <summary>Whether it is the key of programs on the server's own machine, which is good from there alone.</summary>
    public bool IsConsole(PublicKey key) => key.Equals(_local.ConsoleKey);

    /// <summary>The operator whose session key it is; null where there is none or its time is over.</summary>
    public OperatorEntry? FindBySessionKey(PublicKey key) =>
        (IsConsole(key) ? Bundle.Find(LocalOperator) : Bundle.FindBySessionKey(key)) is { } found && !IsOver(found) ? found : null;

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
        BundleKeeper next = BundleKeeper.Restore(Network, _rootFile.ReadPinned(), _keeper.ToBytes());
        return next.Accept(signed) ? next.Current : null;
    }

    /// <summary>Puts a bundle in force that was signed elsewhere.</summary>
    /// <exception cref="PantryException">The bundle does not stand, or is no newer than the one in force.</exception>
    public void Put(SignedBundle signed)
    {
        lock (_lock)
        {
            // Stored before it counts: a server that is killed meanwhile comes back with one or the other, whole.
            BundleKeeper next = BundleKeeper.Restore(Network, _rootFile.ReadPinned(), _keeper.ToBytes());
            if (!next.Accept(signed))
                return;
            _store.Save(next.Current!.Serial, next.ToBytes());
            _keeper = next;
        }

        Changed?.Invoke();
    }

    /// <summary>Looks whether the root key can be renewed.</summary>
    /// <exception cref="PantryException">It is not at the server.</exception>
    public void CheckRenewal() => LoadRoot(BringBack).Dispose();

    /// <summary>A new root key takes the place of the present one, which signs that it does.</summary>
    public void RenewRoot(SigningKey renewed)
    {
        using SigningKey old = LoadRoot(BringBack);
        DateTimeOffset now = _time.GetUtcNow();
        SignedHandover handover = SignedHandover.Sign(new RootHandover(Network, renewed.PublicKey.Bytes.ToArray(), now), old);
        _rootFile.Replace(renewed, () =>
        {
            TrustBundle next = Bundle with { Serial = Bundle.Serial + 1, IssuedAt = now };
            Put(Security.SignedBundle.Sign(next, renewed, [.. _keeper.Signed!.Handovers, handover]));
        });
    }

    /// <summary>Looks whether the root key can be written to a file, and taken away.</summary>
    /// <exception cref="PantryException">The file is there, or nobody but the local operator could administer the fleet afterwards.</exception>
    public void CheckExport(string path, bool takeAway)
    {
        if (takeAway && !Bundle.Operators.Any(entry => entry is { Administrator: true } && !Names.Same(entry.Name, LocalOperator) && !IsOver(entry)))
        {
            throw new PantryException(PantryErrorCode.InvalidArgument,
                "Without the root key the server's own operator goes too, and there is no other administrator. Make one first with New-PantryOperator -Administrator.");
        }

        LoadRoot(BringBack).Dispose();
        if (Path.Exists(path))
            KeyFile.Writing(path, () => throw new IOException("It is there already."));
    }

    /// <summary>Writes the root key to a file, and on demand takes it away from here.</summary>
    /// <param name="path">The file, which must not be there.</param>
    /// <param name="password">Encrypts the file; null for none.</param>
    /// <param name="takeAway">
    /// Whether neither the root key nor the local operator stay: then whoever has this server cannot give orders.
    /// </param>
    /// <exception cref="PantryException">As <see cref="CheckExport"/> has it, or the file cannot be written.</exception>
    public void ExportRoot(string path, string? password, bool takeAway)
    {
        CheckExport(path, takeAway);
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
        _local.TakeAway();
        _rootFile.Delete();
    }

    /// <summary>The root key in a file that <see cref="ExportRoot"/> wrote.</summary>
    /// <exception cref="PantryException">The file is not the fleet's root key.</exception>
    public SigningKey ReadExported(string path, string? password)
    {
        SigningKey root = SigningKeyFile.Load(path, password);
        if (root.PublicKey.Equals(RootKey))
            return root;
        root.Dispose();
        throw new PantryException(PantryErrorCode.ServerKeyMismatch,
            $"'{path}' holds the key {root.PublicKey.Fingerprint}; the fleet's root key is {RootKey.Fingerprint}.")
        { Target = path };
    }

    /// <summary>Brings the root key back, and the server's own operator with it: whoever has both can always make an administrator.</summary>
    public void ImportRoot(SigningKey root)
    {
        _rootFile.Write(root);
        if (Bundle.Find(LocalOperator) is not null)
            return;
        OperatorEntry local = _local.Renew(_time.GetUtcNow());
        Put(Sign(bundle => bundle.With(local, _time.GetUtcNow())));
    }

    public void Dispose()
    {
        _local.Dispose();
        _changing.Dispose();
    }

    private SignedBundle Sign(Func<TrustBundle, TrustBundle> change)
    {
        using SigningKey root = LoadRoot(BringBackOrGive);
        lock (_lock)
            return Security.SignedBundle.Sign(change(Bundle), root, _keeper.Signed!.Handovers);
    }

    private SigningKey LoadRoot(string cure) => _rootFile.Load(RootKey, cure);

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
