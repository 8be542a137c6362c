using System.Security.Cryptography;
using System.Text;

namespace Pantry.Security;

/// <summary>A signing key in a file of its owner's alone: PKCS#8 in PEM, encrypted where there is a password.</summary>
internal static class SigningKeyFile
{
    private const int MaxBytes = 16 * 1024;

    /// <param name="path">The file.</param>
    /// <param name="password">Its password, where it is encrypted.</param>
    /// <param name="cure">What to do where it holds no key.</param>
    /// <exception cref="PantryException">There is no such file, it holds no such key, the password is wrong, or others can read it.</exception>
    public static SigningKey Load(string path, string? password = null, string? cure = null) => KeyFile.Read(path, MaxBytes, bytes =>
    {
        try
        {
            return SigningKey.FromPem(Encoding.Latin1.GetString(bytes), password);
        }
        catch (PantryException exception)
        {
            throw new PantryException(exception.Code, $"The signing key in '{path}' cannot be used: {exception.Message}{(cure is null ? "" : $" {cure}")}", exception) { Target = path };
        }
    });

    /// <summary>Makes a key and its file.</summary>
    /// <exception cref="PantryException">There is a file already, or it cannot be written.</exception>
    public static SigningKey Create(string path, string? password = null)
    {
        var key = SigningKey.Generate();
        byte[] pem = [];
        try
        {
            pem = Encoding.ASCII.GetBytes(key.ToPem(password) + "\n");
            KeyFile.WriteNew(path, pem);
            return key;
        }
        catch
        {
            key.Dispose();
            throw;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pem);
        }
    }

    /// <param name="path">The file.</param>
    /// <param name="password">Its password, where it is encrypted.</param>
    /// <param name="cure">What to do where it is there and holds no key.</param>
    public static SigningKey LoadOrCreate(string path, string? password = null, string? cure = null) =>
        KeyFile.LoadOrCreate(path, file => Load(file, password, cure), file => Create(file, password));
}
