using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Security;

namespace Pantry.Server;

/// <summary>The operator made at the first start, for whoever works on the server itself: its key, for as long as that is here.</summary>
internal sealed class ServerOperator : IDisposable
{
    public const string Name = OperatorCredentials.ServersOwn;

    private const string Cure = "Bring the file back from a copy. Without one, move it away: other operators give orders then, and the server's own does not.";

    private readonly string _path;
    private readonly string _consolePath;
    private volatile SigningKey? _key;
    private volatile ServerConsole? _console;

    public ServerOperator(ServerKeys keys)
    {
        _path = keys.LocalOperatorPath;
        _consolePath = keys.ConsolePath;
        _key = File.Exists(_path) ? SigningKeyFile.Load(_path, null, Cure) : null;
    }

    /// <summary>The key; null where it was taken away.</summary>
    public SigningKey? Key => _key;

    /// <summary>The session key of programs on the server's own machine; null where they are not let in.</summary>
    public PublicKey? ConsoleKey => _console?.Key;

    /// <summary>Lets programs on the server's own machine in, for as long as the server runs.</summary>
    public void OpenConsole(FleetPlace place)
    {
        _console = new ServerConsole(_consolePath, place);
        _console.Write(_key);
    }

    /// <summary>Makes the key of a new fleet's server; what to add to the trust bundle.</summary>
    public OperatorEntry Create(DateTimeOffset now)
    {
        _key ??= SigningKeyFile.LoadOrCreate(_path, null, Cure);
        _console?.Write(_key);
        return Entry(_key, now);
    }

    /// <summary>Makes a key of its own each time: what the one before has signed stays void.</summary>
    public OperatorEntry Renew(DateTimeOffset now)
    {
        TakeAway();
        return Create(now);
    }

    public void TakeAway()
    {
        _key?.Dispose();
        _key = null;
        _console?.Write(null);
        File.Delete(_path);
    }

    public void Dispose()
    {
        _key?.Dispose();
        _console?.Dispose();
    }

    // It works inside the server and never needs a session: nobody has the secret of that key.
    private static OperatorEntry Entry(SigningKey key, DateTimeOffset now)
    {
        using CurveKeyPair unused = CurveKeyPair.Generate();
        return new OperatorEntry(
            Name, unused.PublicKey.ToString(), key.PublicKey.Bytes.ToArray(), [new OperatorScope([OperatorScope.Any], [OperatorScope.Any])],
            Administrator: true, now, ExpiresAt: null);
    }
}
