using System.Text.Json;
using System.Text.Json.Serialization;
using Pantry.Security;
using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.Client;

/// <summary>
/// A client's own directory: its key, whom it trusts, what it was approved as, and the journal of its orders. One client
/// uses it at a time.
/// </summary>
internal sealed class ClientHome : IDisposable
{
    private const long MaxBytes = 4 * 1024 * 1024;

    private readonly string _path;
    private readonly DirectoryLock _lock;
    private readonly Lock _saving = new();
    private BundleKeeper? _bundles;

    private ClientHome(string path, DirectoryLock taken, CurveKeyPair key, ClientTrust? trust)
    {
        _path = path;
        _lock = taken;
        Key = key;
        Trust = trust;
        Journal = OrderJournal.Open(path);
    }

    /// <summary>The client's own key.</summary>
    public CurveKeyPair Key { get; }

    /// <summary>Whom the client trusts; null before it was let in for the first time.</summary>
    public ClientTrust? Trust { get; private set; }

    public OrderJournal Journal { get; }

    /// <summary>Who may give orders; null before the first bundle.</summary>
    public TrustBundle? Bundle => _bundles?.Current;

    private string TrustPath => Path.Combine(_path, "trust.json");

    private string BundlePath => Path.Combine(_path, "bundle.json");

    /// <summary>Opens the directory; makes it, and the client's key, where they are missing.</summary>
    /// <exception cref="PantryException">Another client uses it, others can read it, or a file in it is damaged.</exception>
    public static ClientHome Open(string path)
    {
        OwnerOnly.EnsureDirectory(path);
        DirectoryLock taken = DirectoryLock.Take(path, "client.lock");
        CurveKeyPair? key = null;
        try
        {
            key = CurveKeyFile.LoadOrCreate(Path.Combine(path, "client.key"));
            string trustPath = Path.Combine(path, "trust.json");
            ClientTrust? trust = File.Exists(trustPath) ? Read(trustPath, ClientHomeJson.Default.ClientTrust) : null;
            var home = new ClientHome(path, taken, key, trust);
            if (trust is not null)
                home._bundles = home.OpenBundles(trust);
            return home;
        }
        catch
        {
            key?.Dispose();
            taken.Dispose();
            throw;
        }
    }

    /// <summary>Remembers whom to trust and what the client is. From then on neither changes without a word from this machine.</summary>
    public void Save(ClientTrust trust)
    {
        lock (_saving)
        {
            PrivateFile.Replace(TrustPath, JsonSerializer.SerializeToUtf8Bytes(trust, ClientHomeJson.Default.ClientTrust));
            bool other = Trust is null || Trust.Network != trust.Network || Trust.RootKey != trust.RootKey;
            Trust = trust;
            if (other || _bundles is null)
                _bundles = OpenBundles(trust);
        }
    }

    /// <summary>Takes a trust bundle over, and stores it before it counts.</summary>
    /// <exception cref="PantryException">It does not stand, or is older than the one in force.</exception>
    public void Accept(byte[] signed)
    {
        lock (_saving)
        {
            if (_bundles is not { } bundles || Trust is not { } trust)
                return;
            BundleKeeper next = BundleKeeper.Restore(trust.Network, VerifyKey.Parse(trust.RootKey), bundles.ToBytes());
            if (!next.Accept(SignedBundle.FromBytes(signed)))
                return;
            PrivateFile.Replace(BundlePath, next.ToBytes());
            _bundles = next;
        }
    }

    public void Dispose()
    {
        Journal.Dispose();
        Key.Dispose();
        _lock.Dispose();
    }

    private BundleKeeper OpenBundles(ClientTrust trust)
    {
        VerifyKey pinned = VerifyKey.Parse(trust.RootKey);
        return File.Exists(BundlePath)
            ? BundleKeeper.Restore(trust.Network, pinned, PrivateFile.Read(BundlePath, MaxBytes))
            : new BundleKeeper(trust.Network, pinned);
    }

    private static T Read<T>(string path, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(PrivateFile.Read(path, MaxBytes), type) ?? throw new JsonException("It is empty.");
        }
        catch (JsonException exception)
        {
            throw new PantryException(PantryErrorCode.StorageFailed,
                $"'{path}' is damaged: {exception.Message} Remove the file and enrol the client anew.", exception)
            { Target = path };
        }
    }
}

/// <summary>What a client remembers of the day it was let in.</summary>
/// <param name="ServerKey">The server's public key, in Z85.</param>
/// <param name="Network">Id of the fleet.</param>
/// <param name="RootKey">The fleet's root key, base64 of its SubjectPublicKeyInfo.</param>
/// <param name="Labels">What the client was last approved as.</param>
/// <param name="Enrollment">Id of the enrolment that let it in.</param>
/// <param name="Claimed">What it said of itself when a token let it in; the token filled in the rest. Null where no token did.</param>
internal sealed record ClientTrust(string ServerKey, string Network, string RootKey, ClientLabels Labels, string? Enrollment, ClientLabels? Claimed = null)
{
    /// <summary>The most it was let in as: <see cref="Labels"/>, or more where it has claimed less since.</summary>
    public ClientLabels Granted { get; init; } = Labels;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, MaxDepth = 6)]
[JsonSerializable(typeof(ClientTrust))]
internal sealed partial class ClientHomeJson : JsonSerializerContext;
