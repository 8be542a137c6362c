using System.Security.Cryptography;
using System.Text;

namespace Pantry.Security;

/// <summary>
/// A secret key of CURVE in a file of its owner's alone: one line of Z85, as curve_keygen prints it. Beside it, with
/// <c>.pub</c> added to the name, stands the public key for everybody.
/// </summary>
internal static class CurveKeyFile
{
    private const int MaxBytes = 256;

    /// <exception cref="PantryException">There is no such file, it holds no key, or others can read it.</exception>
    public static CurveKeyPair Load(string path) => KeyFile.Read(path, MaxBytes, bytes =>
    {
        char[] text = new char[bytes.Length];
        try
        {
            Encoding.Latin1.GetChars(bytes, text);
            Span<byte> secret = stackalloc byte[CurveKeyPair.SecretLength];
            try
            {
                return Z85.TryDecode(text.AsSpan().Trim(), secret) ? CurveKeyPair.FromSecret(secret) : null;
            }
            finally
            {
                CryptographicOperations.ZeroMemory(secret);
            }
        }
        finally
        {
            Array.Clear(text);
        }
    })
    ?? throw new PantryException(PantryErrorCode.InvalidKey,
        $"'{path}' holds no secret key: it must be one line of {PublicKey.TextLength} characters of Z85, as curve_keygen prints it. Put the key back from a copy, or remove the file to make a new key.")
    { Target = path };

    /// <summary>Makes a key and its two files.</summary>
    /// <exception cref="PantryException">There is a file already, or it cannot be written.</exception>
    public static CurveKeyPair Create(string path)
    {
        CurveKeyPair pair = CurveKeyPair.Generate();
        byte[] line = Encoding.ASCII.GetBytes(Z85.Encode(pair.Secret) + "\n");
        try
        {
            KeyFile.WriteNew(path, line);
            WritePublic(path, pair);
            return pair;
        }
        catch
        {
            pair.Dispose();
            throw;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(line);
        }
    }

    /// <summary>The key of the file, which is made where there is none. Of several at once, one makes it for all.</summary>
    public static CurveKeyPair LoadOrCreate(string path)
    {
        CurveKeyPair pair = KeyFile.LoadOrCreate(path, Load, Create);
        if (!File.Exists(path + ".pub"))
            WritePublic(path, pair);
        return pair;
    }

    private static void WritePublic(string path, CurveKeyPair pair) =>
        KeyFile.Writing(path, () => PrivateFile.ReplacePublic(path + ".pub", Encoding.ASCII.GetBytes(pair.PublicKey + "\n")));
}
