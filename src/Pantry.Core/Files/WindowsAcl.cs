using System.Runtime.Versioning;
using System.Security.AccessControl;
using Pantry.Storage;

namespace Pantry.Files;

/// <summary>Reads and sets what is explicit in the DACL of a file or directory. Owners and audit entries are left alone: they need rights of their own.</summary>
[SupportedOSPlatform("windows")]
internal static class WindowsAcl
{
    /// <exception cref="PantryException">It cannot be read, or has entries that cannot be kept.</exception>
    public static string Read(string path, bool isDirectory)
    {
        RawSecurityDescriptor descriptor;
        try
        {
            FileSystemSecurity security = isDirectory
                ? new DirectoryInfo(path).GetAccessControl(AccessControlSections.Access)
                : new FileInfo(path).GetAccessControl(AccessControlSections.Access);
            descriptor = new RawSecurityDescriptor(security.GetSecurityDescriptorBinaryForm(), 0);
        }
        catch (Exception exception) when (IsOfAcl(exception))
        {
            throw Failed(path, "could not be read", exception);
        }

        if (descriptor.DiscretionaryAcl is not { } list)
            throw Failed(path, "cannot be kept, for there is none", null);
        var entries = new List<AclEntry>();
        foreach (GenericAce ace in list)
        {
            if ((ace.AceFlags & AceFlags.Inherited) != 0)
                continue;
            if (ace is not CommonAce { IsCallback: false, AceType: AceType.AccessAllowed or AceType.AccessDenied } plain)
                throw Failed(path, $"cannot be kept, for it has an entry of the kind {ace.AceType}", null);
            entries.Add(new AclEntry(plain.AceType == AceType.AccessAllowed, (uint)plain.AccessMask, plain.SecurityIdentifier.Value)
            {
                ObjectInherit = isDirectory && (ace.AceFlags & AceFlags.ObjectInherit) != 0,
                ContainerInherit = isDirectory && (ace.AceFlags & AceFlags.ContainerInherit) != 0,
                NoPropagate = isDirectory && (ace.AceFlags & AceFlags.NoPropagateInherit) != 0,
                InheritOnly = isDirectory && (ace.AceFlags & AceFlags.InheritOnly) != 0,
            });
        }

        return AclText.Write((descriptor.ControlFlags & ControlFlags.DiscretionaryAclProtected) != 0, entries);
    }

    /// <summary>What is explicit is this from now on; what is inherited comes from the directory that it is in at this moment.</summary>
    /// <exception cref="PantryException">It cannot be set.</exception>
    public static void Set(string path, bool isDirectory, string acl)
    {
        try
        {
            if (isDirectory)
            {
                var security = new DirectorySecurity();
                security.SetSecurityDescriptorSddlForm(acl, AccessControlSections.Access);
                new DirectoryInfo(path).SetAccessControl(security);
            }
            else
            {
                var security = new FileSecurity();
                security.SetSecurityDescriptorSddlForm(acl, AccessControlSections.Access);
                new FileInfo(path).SetAccessControl(security);
            }
        }
        catch (Exception exception) when (IsOfAcl(exception))
        {
            throw Failed(path, "could not be set", exception);
        }
    }

    private static bool IsOfAcl(Exception exception) =>
        exception is UnauthorizedAccessException or PrivilegeNotHeldException or InvalidOperationException or ArgumentException or NotSupportedException || StorageErrors.IsOfDisk(exception);

    private static PantryException Failed(string path, string what, Exception? cause) => new(PantryErrorCode.StorageFailed,
        $"The access list of '{DisplayText.FirstLine(path, 300)}' {what}{(cause is null ? "" : $": {DisplayText.FirstLine(cause.Message, 300).TrimEnd('.')}")}. "
        + "It takes a disk with access lists, such as NTFS, and an account that may read and change permissions there. Or leave -KeepAcl out.",
        cause)
    { Target = path };
}
