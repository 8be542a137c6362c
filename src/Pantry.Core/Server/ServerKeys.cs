using Pantry.Security;

namespace Pantry.Server;

/// <summary>The keys in a server's root directory: made at the first start, each a file of its own that only its owner can read.</summary>
internal sealed class ServerKeys : IDisposable
{
    /// <summary>Directory of the keys under the root directory.</summary>
    public const string DirectoryName = "keys";

    private readonly string _directory;

    private ServerKeys(string directory, CurveKeyPair session)
    {
        _directory = directory;
        Session = session;
    }

    /// <summary>The server's key in sessions.</summary>
    public CurveKeyPair Session { get; }

    /// <summary>Where the fleet's root key lies while it is not offline.</summary>
    public string RootPath => Path.Combine(_directory, "root.key");

    /// <summary>Where the root key's public half lies, which stays when the key goes.</summary>
    public string PinnedRootPath => Path.Combine(_directory, "root.pub");

    /// <summary>Where the key of the server's own operator lies.</summary>
    public string LocalOperatorPath => Path.Combine(_directory, "local-operator.key");

    /// <summary>Where programs on the server's own machine find the way in, while it runs.</summary>
    public string ConsolePath => ConsolePathIn(Path.GetDirectoryName(_directory)!);

    /// <summary>The same, for those who know the server's root directory only.</summary>
    public static string ConsolePathIn(string root) => Path.Combine(root, DirectoryName, "console.operator");

    /// <summary>Where the server's own key lies under its root directory.</summary>
    public static string SessionPathIn(string root) => Path.Combine(root, DirectoryName, "server.key");

    /// <param name="root">The server's root directory.</param>
    /// <param name="isKnown">Whether there are clients or operators already who expect this server's key.</param>
    /// <exception cref="PantryException">A key file can be read by others, is a link, or holds no key.</exception>
    public static ServerKeys Load(string root, bool isKnown)
    {
        string directory = Path.Combine(root, DirectoryName);
        RootDirectory.Prepare(directory);
        string session = SessionPathIn(root);
        // With another key nobody would connect, and nothing would say why.
        if (isKnown && !Path.Exists(session))
        {
            throw new PantryException(PantryErrorCode.StorageFailed,
                $"The server's key '{session}' is not there. Bring it back from a copy; without it every client has to be enrolled anew. To begin a new fleet all the same, move '{root}' away.")
            { Target = session };
        }

        return new ServerKeys(directory, CurveKeyFile.LoadOrCreate(session));
    }

    public void Dispose() => Session.Dispose();
}
