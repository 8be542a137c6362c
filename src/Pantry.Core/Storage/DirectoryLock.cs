using System.Globalization;
using System.Text;

namespace Pantry.Storage;

/// <summary>
/// Keeps a second process off a directory. The lock is the operating system's, so it ends with the process however that
/// ends; who holds it is said in a file beside it, since nobody else may read the locked one.
/// </summary>
internal sealed class DirectoryLock : IDisposable
{
    private readonly FileStream _file;
    private readonly string _holder;

    private DirectoryLock(FileStream file, string holder)
    {
        _file = file;
        _holder = holder;
    }

    /// <param name="directory">A directory that is there.</param>
    /// <param name="name">What is kept there: the files are <c>name.lock</c> and <c>name.pid</c>.</param>
    /// <exception cref="PantryException">Another holds it, or the files cannot be written.</exception>
    public static DirectoryLock Take(string directory, string name)
    {
        string path = Path.Combine(directory, $"{name}.lock"), holder = Path.Combine(directory, $"{name}.pid");
        FileStream? file = null;
        try
        {
            file = OwnerOnly.Create(path, FileMode.OpenOrCreate, FileShare.None);
            using FileStream note = OwnerOnly.Create(holder, FileMode.Create, FileShare.ReadWrite);
            note.Write(Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
            return new DirectoryLock(file, holder);
        }
        catch (IOException exception) when (file is null && IsHeld(exception))
        {
            throw new PantryException(PantryErrorCode.RootInUse,
                $"The directory '{directory}' is in use by {ReadHolder(holder)}. Stop that, or use another directory.", exception)
            { Target = directory };
        }
        catch (Exception exception) when (StorageErrors.IsOfDisk(exception))
        {
            file?.Dispose();
            throw StorageErrors.OfFile(path, exception);
        }
    }

    public void Dispose()
    {
        try
        {
            File.Delete(_holder);
        }
        catch (Exception exception) when (StorageErrors.IsOfDisk(exception))
        {
            // It only says who holds the lock; the next holder writes it anew.
        }

        // The locked file stays: who deletes it could leave two processes with a lock on two files of one name.
        _file.Dispose();
    }

    // EWOULDBLOCK of Linux and of macOS, and the sharing violation of Windows.
    private static bool IsHeld(IOException exception) => exception.HResult is 11 or 35 or unchecked((int)0x80070020);

    private static string ReadHolder(string path)
    {
        try
        {
            return int.TryParse(File.ReadAllText(path), NumberStyles.None, CultureInfo.InvariantCulture, out int id)
                ? id == Environment.ProcessId ? "this process already" : $"the process {id}"
                : "another process";
        }
        catch (Exception exception) when (StorageErrors.IsOfDisk(exception))
        {
            return "another process";
        }
    }
}
