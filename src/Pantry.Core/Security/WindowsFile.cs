using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Security.AccessControl;
using System.Security.Principal;
using Microsoft.Win32.SafeHandles;

namespace Pantry.Security;

/// <summary>Files of one owner on Windows: created with an access list of the owner alone, opened without following links.</summary>
[SupportedOSPlatform("windows")]
internal static partial class WindowsFile
{
    private const uint GenericRead = 0x80000000;
    private const uint OpenExisting = 3;
    private const uint OpenReparsePoint = 0x00200000;
    private const int FileNotFound = 2;
    private const int PathNotFound = 3;
    private const int AccessDenied = 5;

    private const FileSystemRights ReadOrChange = FileSystemRights.ReadData | FileSystemRights.WriteData | FileSystemRights.AppendData
        | FileSystemRights.ChangePermissions | FileSystemRights.TakeOwnership;

    public static FileStream CreateOwnersAlone(string path)
    {
        SecurityIdentifier owner = Self();
        var security = new FileSecurity();
        security.SetOwner(owner);
        security.SetAccessRuleProtection(isProtected: true, preserveInheritance: false);
        security.AddAccessRule(new FileSystemAccessRule(owner, FileSystemRights.FullControl, AccessControlType.Allow));
        return new FileInfo(path).Create(FileMode.CreateNew, FileSystemRights.Write, FileShare.None, 4096, FileOptions.WriteThrough, security);
    }

    public static SafeFileHandle OpenOwnersAlone(string path)
    {
        SafeFileHandle handle = CreateFile(path, GenericRead, FileShare.Read, 0, OpenExisting, OpenReparsePoint, 0);
        try
        {
            if (handle.IsInvalid)
                throw Failure(path, Marshal.GetLastPInvokeError());
            FileAttributes attributes = File.GetAttributes(handle);
            if ((attributes & FileAttributes.ReparsePoint) != 0)
                throw PrivateFile.Insecure(path, $"'{path}' is a link; give the file itself.");
            if ((attributes & (FileAttributes.Directory | FileAttributes.Device)) != 0)
                throw PrivateFile.Insecure(path, $"'{path}' is a directory or device; give a plain file.");
            CheckAccess(path, handle);
            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private static void CheckAccess(string path, SafeFileHandle handle)
    {
        // Not disposed: it does not own the handle, which its caller goes on to use.
        var stream = new FileStream(new SafeFileHandle(handle.DangerousGetHandle(), ownsHandle: false), FileAccess.Read, bufferSize: 0);
        FileSecurity security = stream.GetAccessControl();
        HashSet<SecurityIdentifier> trusted =
        [
            Self(),
            new SecurityIdentifier(WellKnownSidType.LocalSystemSid, null),
            new SecurityIdentifier(WellKnownSidType.BuiltinAdministratorsSid, null),
        ];
        if (security.GetOwner(typeof(SecurityIdentifier)) is not SecurityIdentifier owner || !trusted.Contains(owner))
            throw PrivateFile.Insecure(path, $"'{path}' belongs to another user, who can read and change it. Take it over: takeown /f \"{path}\".");

        foreach (FileSystemAccessRule rule in security.GetAccessRules(includeExplicit: true, includeInherited: true, typeof(SecurityIdentifier)))
        {
            if (rule.AccessControlType == AccessControlType.Allow && (rule.FileSystemRights & ReadOrChange) != 0
                && !trusted.Contains((SecurityIdentifier)rule.IdentityReference))
            {
                throw PrivateFile.Insecure(path,
                    $"'{path}' can be read or written by others. Make it its owner's alone: icacls \"{path}\" /inheritance:r /grant:r \"%USERNAME%:F\".");
            }
        }
    }

    private static SecurityIdentifier Self()
    {
        using WindowsIdentity identity = WindowsIdentity.GetCurrent();
        return identity.User ?? throw new UnauthorizedAccessException("The user that Pantry runs as has no name to give a file to.");
    }

    private static Exception Failure(string path, int error) => error switch
    {
        FileNotFound or PathNotFound => new FileNotFoundException($"There is no file '{path}'.", path),
        AccessDenied when Directory.Exists(path) => PrivateFile.Insecure(path, $"'{path}' is a directory; give a plain file."),
        AccessDenied => new UnauthorizedAccessException($"Access to '{path}' is denied."),
        _ => new IOException($"'{path}': {new Win32Exception(error).Message}"),
    };

    [LibraryImport("kernel32", EntryPoint = "CreateFileW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    private static partial SafeFileHandle CreateFile(
        string path, uint access, FileShare share, nint security, uint disposition, uint flags, nint template);
}
