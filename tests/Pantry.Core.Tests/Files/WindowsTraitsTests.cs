using System.Runtime.Versioning;
using System.Security.AccessControl;
using System.Security.Principal;
using Pantry.Files;

namespace Pantry.Tests.Files;

/// <summary>What Windows alone has: attributes, and access lists.</summary>
[SupportedOSPlatform("windows")]
public sealed class WindowsTraitsTests : IDisposable
{
    private const string Why = "Only Windows has attributes and access lists.";

    private readonly FileTestFolder _folder = new();

    public static bool OnWindows => OperatingSystem.IsWindows();

    private string Target => _folder["target"];

    public void Dispose()
    {
        foreach (string path in Directory.Exists(_folder.Root) ? Directory.EnumerateFileSystemEntries(_folder.Root, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }) : [])
            File.SetAttributes(path, FileAttributes.Normal);
        _folder.Dispose();
    }

    [Fact(SkipUnless = nameof(OnWindows), Skip = Why)]
    public async Task What_is_hidden_or_of_the_system_or_may_not_be_written_is_so_where_it_comes()
    {
        string hidden = _folder.Write("in/hidden", [1]), locked = _folder.Write("locked", [2]);
        _folder.Write("plain", [3]);
        File.SetAttributes(hidden, FileAttributes.Hidden | FileAttributes.System);
        File.SetAttributes(Path.GetDirectoryName(hidden)!, FileAttributes.Directory | FileAttributes.Hidden);
        File.SetAttributes(locked, FileAttributes.ReadOnly);
        using LocalTree tree = _folder.Read();
        Assert.Equal([("in", 2), ("in/hidden", 6), ("locked", 0), ("plain", 0)], tree.Tree.Entries.Select(entry => (entry.Path, entry.Attributes)));
        Assert.All(new TreeReader(FileTestFolder.Limits) { KeepsAttributes = false }.ReadDirectory(_folder.Source).Tree.Entries, entry => Assert.Equal(0, entry.Attributes));

        // Again over what is there by then, once with other content.
        for (int times = 0; times < 3; times++)
        {
            await WriteAsync(tree);
            Assert.Equal(tree.Tree.Digest, _folder.Read().Tree.Digest);
            Assert.Equal(Traits(_folder.Source), Traits(Target));
            if (times == 1)
            {
                File.SetAttributes(Path.Combine(Target, "locked"), FileAttributes.Normal);
                File.WriteAllBytes(Path.Combine(Target, "locked"), [9]);
                File.SetAttributes(Path.Combine(Target, "locked"), FileAttributes.ReadOnly);
                File.SetAttributes(Path.Combine(Target, "in", "hidden"), FileAttributes.Normal);
            }
        }
    }

    [Fact(SkipUnless = nameof(OnWindows), Skip = Why)]
    public async Task What_is_explicit_in_an_access_list_comes_along_and_what_is_inherited_comes_from_where_it_is_put()
    {
        string file = _folder.Write("in/file", [1]), open = _folder.Write("open", [2]), directory = Path.GetDirectoryName(file)!;
        var nobody = new SecurityIdentifier("S-1-5-21-1-2-3-1000");
        Allow(new FileInfo(file), nobody, FileSystemRights.Read, protects: true);
        Allow(new DirectoryInfo(directory), nobody, FileSystemRights.ReadAndExecute, protects: false);
        using LocalTree tree = new TreeReader(FileTestFolder.Limits) { KeepsAcls = true }.ReadDirectory(_folder.Source);
        Assert.All(tree.Tree.Entries, entry => Assert.NotNull(entry.Acl));
        Assert.StartsWith("D:P(", tree.Tree.Entries.Single(entry => entry.Path == "in/file").Acl, StringComparison.Ordinal);
        Assert.Equal("D:", tree.Tree.Entries.Single(entry => entry.Path == "open").Acl);
        // The destination hands down what the source did not have.
        Directory.CreateDirectory(Target);
        var guest = new SecurityIdentifier(WellKnownSidType.BuiltinGuestsSid, null);
        var handed = new DirectoryInfo(Target).GetAccessControl();
        handed.AddAccessRule(new FileSystemAccessRule(guest, FileSystemRights.Read, InheritanceFlags.ContainerInherit | InheritanceFlags.ObjectInherit, PropagationFlags.None, AccessControlType.Allow));
        new DirectoryInfo(Target).SetAccessControl(handed);

        for (int times = 0; times < 2; times++)
        {
            await WriteAsync(tree);
            Assert.Equal(tree.Tree.Digest, new TreeReader(FileTestFolder.Limits) { KeepsAcls = true }.ReadDirectory(Target).Tree.Digest);
            Assert.False(Has(new FileInfo(Path.Combine(Target, "in", "file")), guest));
            Assert.True(Has(new FileInfo(Path.Combine(Target, "open")), guest));
            Assert.True(Has(new DirectoryInfo(Path.Combine(Target, "in")), guest));
        }
    }

    [Fact(SkipUnless = nameof(OnWindows), Skip = Why)]
    public async Task Without_being_asked_for_no_access_list_is_kept()
    {
        var nobody = new SecurityIdentifier("S-1-5-21-1-2-3-1000");
        Allow(new FileInfo(_folder.Write("file", [1])), nobody, FileSystemRights.Read, protects: true);
        using LocalTree tree = _folder.Read();

        await WriteAsync(tree);

        Assert.False(tree.Tree.HasAcls);
        Assert.False(Has(new FileInfo(Path.Combine(Target, "file")), nobody));
    }

    [Fact(SkipUnless = nameof(OnWindows), Skip = Why)]
    public void Every_text_that_may_be_in_a_tree_is_one_that_windows_understands()
    {
        foreach (string text in (string[])["D:", "D:P", "D:P(D;;0x2;;;S-1-1-0)(A;OICINPIO;0x1f01ff;;;S-1-5-21-1-2-4294967295-500)(A;CI;0x10000000;;;S-1-15-2-1)"])
        {
            Assert.Null(AclText.Fault(text, isDirectory: true));
            new DirectorySecurity().SetSecurityDescriptorSddlForm(text, AccessControlSections.Access);
        }
    }

    private Task<TreeChanges> WriteAsync(LocalTree tree) => new TreeWriter(FileTestFolder.Limits).WriteAsync(tree.Tree, Target, tree, default);

    private static string[] Traits(string folder) =>
    [
        .. new DirectoryInfo(folder).EnumerateFileSystemInfos("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
            .Select(info => $"{Path.GetRelativePath(folder, info.FullName)} {info.Attributes & (FileAttributes.Hidden | FileAttributes.System | FileAttributes.ReadOnly)}").Order(StringComparer.Ordinal),
    ];

    private static void Allow(FileInfo file, SecurityIdentifier whom, FileSystemRights rights, bool protects)
    {
        FileSecurity security = file.GetAccessControl();
        security.SetAccessRuleProtection(protects, preserveInheritance: true);
        security.AddAccessRule(new FileSystemAccessRule(whom, rights, AccessControlType.Allow));
        file.SetAccessControl(security);
    }

    private static void Allow(DirectoryInfo directory, SecurityIdentifier whom, FileSystemRights rights, bool protects)
    {
        DirectorySecurity security = directory.GetAccessControl();
        security.SetAccessRuleProtection(protects, preserveInheritance: true);
        security.AddAccessRule(new FileSystemAccessRule(whom, rights, InheritanceFlags.ContainerInherit | InheritanceFlags.ObjectInherit, PropagationFlags.None, AccessControlType.Allow));
        directory.SetAccessControl(security);
    }

    private static bool Has(FileSystemInfo info, SecurityIdentifier whom)
    {
        FileSystemSecurity security = info is DirectoryInfo directory ? directory.GetAccessControl() : ((FileInfo)info).GetAccessControl();
        return security.GetAccessRules(true, true, typeof(SecurityIdentifier)).OfType<FileSystemAccessRule>().Any(rule => rule.IdentityReference == whom);
    }
}
