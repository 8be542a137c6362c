using System.Security.Cryptography;

namespace Pantry.Security;

/// <summary>What files of keys have in common: errors that name the file, and content that is wiped after use.</summary>
internal static class KeyFile
{
    // What is no path can be as long as whoever typed it likes.
    private const int LongestShown = 500;

    public static T Read<T>(string path, long maxBytes, Func<byte[], T> parse, bool ofService = false)
    {
        byte[] bytes;
        try
        {
            bytes = PrivateFile.Read(path, maxBytes, ofService);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new PantryException(PantryErrorCode.InvalidKey,
                $"The key file '{DisplayText.Clean(path, LongestShown)}' cannot be read: {DisplayText.Clean(exception.Message, LongestShown)} Check its path, and that its owner is who runs Pantry.", exception)
            { Target = path };
        }

        try
        {
            return parse(bytes);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    public static void WriteNew(string path, byte[] bytes) => Writing(path, () => PrivateFile.WriteNew(path, bytes));

    public static void Writing(string path, Action write)
    {
        try
        {
            write();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new PantryException(PantryErrorCode.StorageFailed,
                $"The key file '{DisplayText.Clean(path, LongestShown)}' cannot be written: {DisplayText.Clean(exception.Message, LongestShown)} Give another path, or see to the directory and its permissions.", exception)
            { Target = path };
        }
    }

    public static T LoadOrCreate<T>(string path, Func<string, T> load, Func<string, T> create)
    {
        if (Path.Exists(path))
            return load(path);
        try
        {
            return create(path);
        }
        catch (PantryException exception) when (exception.Code == PantryErrorCode.StorageFailed && Path.Exists(path))
        {
            // Another process made it in the meantime.
            return load(path);
        }
    }
}
