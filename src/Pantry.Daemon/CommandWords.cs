using System.Text.RegularExpressions;

namespace Pantry.Daemon;

/// <summary>Errors name their cure in the words of the cmdlets; this program has words of its own.</summary>
internal static class CommandWords
{
    private static readonly Dictionary<string, string> Words = new(StringComparer.Ordinal)
    {
        ["Connect-PantryServer -OperatorFile"] = "--operator-file",
        ["Connect-PantryServer"] = "--operator-file",
        ["Get-PantryServer"] = "pantry status",
        ["Approve-PantryClient"] = "pantry approve",
        ["Deny-PantryClient"] = "pantry deny",
        ["Revoke-PantryClient"] = "pantry revoke",
        ["Remove-PantryClient"] = "pantry remove",
        ["Unregister-PantryClient"] = "pantry remove",
        ["Get-PantryClient"] = "pantry clients",
        ["Get-PantryJob"] = "pantry jobs",
        ["Receive-PantryJob"] = "pantry jobs",
        ["Stop-PantryJob"] = "pantry jobs --cancel",
        ["New-PantryEnrollmentToken"] = "pantry enroll --token",
        ["New-PantryEnrollment"] = "pantry enroll",
        ["Get-PantryEnrollment"] = "pantry enrollments",
        ["Revoke-PantryEnrollment"] = "pantry enrollments withdraw",
        ["New-PantryOperator"] = "pantry operators add",
        ["Revoke-PantryOperator"] = "pantry operators revoke",
        ["Get-PantryOperator"] = "pantry operators",
        ["Export-PantryRootKey"] = "pantry root-key export",
        ["Import-PantryRootKey"] = "pantry root-key import",
        ["New-PantryRootKey"] = "pantry root-key renew",
        ["-Administrator"] = "--administrator",
        ["-All"] = "--all",
        ["-EnrollmentFile"] = "--file",
        ["-ExpiresIn"] = "--expires-in",
        ["-Fingerprint"] = "--fingerprint",
        ["-Live"] = "--live",
        ["-OutFile"] = "--out-file",
        ["-RootKeyFile"] = "--root-key-file",
        ["-RunAs"] = "--run-as",
        ["-Scope"] = "--scope",
        ["-Secret"] = "--secret",
        ["-ServerPublicKey"] = "--server-key",
        ["-OperatorFile"] = "--operator-file",
        ["-Identity"] = "--identity",
        ["-Application"] = "--application",
        ["-Environment"] = "--environment",
        ["-Role"] = "--role",
        ["-Token"] = "--token",
        ["-Timeout"] = "--timeout",
        ["-ValidFor"] = "--valid-for",
        ["-Path"] = "--path",
    };

    // The longest first: some words begin with others.
    private static readonly Regex Pattern = new(
        $@"(?<![-\w])(?:{string.Join('|', Words.Keys.OrderByDescending(word => word.Length).Select(Regex.Escape))})\b(?!-)", RegexOptions.CultureInvariant);

    public static string Of(string message) => Pattern.Replace(message, match => Words[match.Value]);
}
