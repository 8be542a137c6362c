using Pantry.Security;

namespace Pantry.Configuration.Settings;

/// <summary>Whether a configuration can be believed: who can write to it decides what Pantry does.</summary>
internal static class FileTrust
{
    /// <param name="path">The file.</param>
    /// <param name="rights">Whose it is.</param>
    /// <param name="kind">Whom it is for.</param>
    /// <param name="secrets">Keys by which it says something secret.</param>
    public static IEnumerable<ConfigurationFinding> Check(string path, FileRights rights, ConfigurationKind kind, IEnumerable<string> secrets)
    {
        if (!rights.IsKnown)
            yield break;
        // An operator's file says which keys are used and whom they are shown to.
        bool own = kind == ConfigurationKind.Operator;
        if (!rights.IsOwnersOrRoots)
            yield return Finding(path, own, null, "it belongs to another user, who can change it. Give it to who runs Pantry, or to root.");
        if (rights.OthersWrite || (own && rights.GroupWrites))
            yield return Finding(path, true, null, $"others can write to it. Take that away: chmod go-w '{path}'.");
        else if (rights.GroupWrites)
            yield return Finding(path, false, null, $"its group can write to it, and so decide what Pantry does here. Where that is not meant: chmod g-w '{path}'.");
        if (!rights.OthersRead)
            yield break;
        foreach (string key in secrets)
            yield return Finding(path, true, key, $"'{key}' holds a password, and others can read the file. Make it its owner's alone: chmod 600 '{path}'.");
    }

    private static ConfigurationFinding Finding(string path, bool stops, string? key, string message) =>
        new() { Path = path, Severity = stops ? FindingSeverity.Error : FindingSeverity.Warning, Key = key, Message = message };
}
