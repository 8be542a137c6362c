using Microsoft.Data.Sqlite;

namespace Pantry.Storage;

/// <summary>The one place where what SQLite and the disk say becomes Pantry's errors.</summary>
internal static class StorageErrors
{
    // The primary result codes of SQLite that have a cure of their own.
    private const int Busy = 5, Locked = 6, ReadOnly = 8, InputOutput = 10, Corrupt = 11, Full = 13, CannotOpen = 14, NoDatabase = 26;

    public static PantryException From(SqliteException exception, string path) => Failed(path, exception.SqliteErrorCode switch
    {
        Busy or Locked => "Another program holds it. Close what has it open.",
        ReadOnly => "It cannot be written. Give the account that runs Pantry write access to it and to its directory.",
        InputOutput => $"The disk refused to read or write it ({exception.SqliteExtendedErrorCode}). Look at the disk and its free space.",
        Corrupt or NoDatabase => "It is damaged, or no database of Pantry. Restore it from a backup; without it, what it held is forgotten.",
        Full => "Its disk is full. Free some space; nothing was written by halves.",
        CannotOpen => "It cannot be opened. Give the account that runs Pantry access to it and to its directory.",
        _ => $"SQLite says: {exception.Message}",
    }, exception);

    public static PantryException Failed(string path, string what, Exception? inner = null) =>
        new(PantryErrorCode.StorageFailed, $"The file '{path}' cannot be used. {what}", inner) { Target = path };

    /// <summary>What became of a plain file.</summary>
    public static PantryException OfFile(string path, Exception exception) => Failed(path,
        IsFull(exception) ? "Its disk is full, or has no more room for this user. Free some space; nothing was written by halves." : exception.Message, exception);

    /// <summary>Whether a disk has no more room.</summary>
    public static bool IsFull(Exception exception) => exception is IOException && (exception.HResult & 0xffff) is var code
        // ENOSPC and EDQUOT of Linux; ERROR_DISK_FULL, ERROR_HANDLE_DISK_FULL and ERROR_DISK_QUOTA_EXCEEDED of Windows.
        && (OperatingSystem.IsWindows() ? code is 112 or 39 or 1295 : code is 28 or 122);

    /// <summary>Whether the exception is of a file or directory rather than of the program.</summary>
    public static bool IsOfDisk(Exception exception) => exception is IOException or UnauthorizedAccessException or NotSupportedException;
}
