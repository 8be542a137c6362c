using System.Text;
using Pantry.Security;

namespace Pantry.Server;

/// <summary>The fleet's root key where it lies at the server, and its public half, which stays when the key goes.</summary>
internal sealed class RootKeyFile(ServerKeys keys)
{
    private const int MaxKeyBytes = 4096;
    private const string Cure = "Bring the file back from a copy. Without one, move it away: the root key counts as offline then, and Import-PantryRootKey brings it back.";

    public bool IsHere => File.Exists(keys.RootPath);

    // The new key lies beside the old one until the bundle that needs it is stored.
    private string Waiting => keys.RootPath + ".new";

    /// <summary>The public half as it was written down when the fleet began.</summary>
    /// <exception cref="PantryException">The file cannot be read, or holds none.</exception>
    public VerifyKey ReadPinned()
    {
        string path = keys.PinnedRootPath;
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

    /// <summary>Makes the key of a new fleet.</summary>
    public SigningKey Create()
    {
        SigningKey root = SigningKeyFile.LoadOrCreate(keys.RootPath, null, Cure);
        PrivateFile.Replace(keys.PinnedRootPath, Encoding.ASCII.GetBytes(root.PublicKey + "\n"));
        return root;
    }

    /// <summary>Finds now, and not on the day it is needed, that others can read the file, that it is a link or holds no key.</summary>
    public void Check()
    {
        if (Path.Exists(keys.RootPath))
            SigningKeyFile.Load(keys.RootPath, null, Cure).Dispose();
    }

    /// <param name="inForce">The fleet's root key by the bundle in force.</param>
    /// <param name="cure">What to do where it is not here.</param>
    /// <exception cref="PantryException">It is not here (RootKeyOffline), or the file is unfit for use.</exception>
    public SigningKey Load(VerifyKey inForce, string cure)
    {
        if (!IsHere)
            throw new PantryException(PantryErrorCode.RootKeyOffline, $"The fleet's root key is not at the server. {cure}");
        SigningKey root = SigningKeyFile.Load(keys.RootPath, null, Cure);
        if (root.PublicKey.Equals(inForce) || !File.Exists(Waiting))
            return root;
        // Killed between the two steps of a renewal: the bundle is there, the file's name was not changed yet.
        root.Dispose();
        File.Move(Waiting, keys.RootPath, overwrite: true);
        return SigningKeyFile.Load(keys.RootPath);
    }

    /// <summary>Puts another key in this one's place; it is there before it is in force, and takes the name after that.</summary>
    public void Replace(SigningKey renewed, Action putInForce)
    {
        KeyFile.Writing(Waiting, () => PrivateFile.Replace(Waiting, Encoding.ASCII.GetBytes(renewed.ToPem(null))));
        putInForce();
        KeyFile.Writing(keys.RootPath, () => File.Move(Waiting, keys.RootPath, overwrite: true));
    }

    /// <summary>Brings the key back.</summary>
    public void Write(SigningKey root) =>
        KeyFile.Writing(keys.RootPath, () => PrivateFile.Replace(keys.RootPath, Encoding.ASCII.GetBytes(root.ToPem(null))));

    public void Delete() => File.Delete(keys.RootPath);
}
