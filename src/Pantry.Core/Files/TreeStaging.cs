namespace Pantry.Files;

/// <summary>Where files lie that are not complete yet: in a directory beside those that they will replace, each under its hash.</summary>
internal static class TreeStaging
{
    public const string Folder = ".pantry-part";

    public const string LockFile = Folder + "/lock";

    public static string Of(TreeEntry file) => $"{Folder}/{file.Hash}";
}
