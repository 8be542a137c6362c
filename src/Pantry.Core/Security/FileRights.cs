namespace Pantry.Security;

/// <summary>Whose an opened file is, and who may do what with it.</summary>
/// <param name="IsKnown">Whether anything is known: Windows has no such bits.</param>
/// <param name="IsOwnersOrRoots">Whether it belongs to who runs this process, or to root.</param>
/// <param name="Mode">Who may do what.</param>
internal readonly record struct FileRights(bool IsKnown, bool IsOwnersOrRoots, UnixFileMode Mode)
{
    public bool GroupWrites => (Mode & UnixFileMode.GroupWrite) != 0;

    public bool OthersWrite => (Mode & UnixFileMode.OtherWrite) != 0;

    public bool OthersRead => (Mode & (UnixFileMode.GroupRead | UnixFileMode.OtherRead)) != 0;
}
