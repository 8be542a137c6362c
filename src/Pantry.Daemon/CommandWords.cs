using System.Text.RegularExpressions;

namespace Pantry.Daemon;

/// <summary>Errors name their cure in the words of the cmdlets; this program has words of its own.</summary>
internal static partial class CommandWords
{
    private static readonly Dictionary<string, string> Words = new(StringComparer.Ordinal)
    {
        ["Connect-PantryServer -OperatorFile"] = "--operator-file",
        ["Connect-PantryServer"] = "--operator-file",
        ["Approve-PantryClient -Fingerprint"] = "pantry approve --fingerprint",
        ["Approve-PantryClient"] = "pantry approve",
        ["Deny-PantryClient"] = "pantry deny",
        ["Revoke-PantryClient"] = "pantry revoke",
        ["Get-PantryClient"] = "pantry clients",
        ["Get-PantryJob"] = "pantry jobs",
        ["Receive-PantryJob"] = "pantry jobs",
        ["Stop-PantryJob"] = "pantry jobs --cancel",
        ["New-PantryEnrollmentToken"] = "pantry enroll --token",
        ["New-PantryEnrollment"] = "pantry enroll",
        ["New-PantryOperator"] = "pantry operators add",
        ["Revoke-PantryOperator"] = "pantry operators revoke",
        ["Get-PantryOperator"] = "pantry operators",
        ["-Administrator"] = "--administrator",
        ["-ExpiresIn"] = "--expires-in",
        ["-Scope"] = "--scope",
        ["-ServerPublicKey"] = "--server-key",
        ["-OperatorFile"] = "--operator-file",
        ["-Identity"] = "--identity",
        ["-Application"] = "--application",
        ["-Environment"] = "--environment",
        ["-Role"] = "--role",
        ["-Token"] = "--token",
        ["-Timeout"] = "--timeout",
        ["-Path"] = "--path",
    };

    public static string Of(string message) => Pattern().Replace(message, match => Words[match.Value]);

    [GeneratedRegex(
        @"Connect-PantryServer -OperatorFile|Approve-PantryClient -Fingerprint|(?:Connect-PantryServer|Approve-PantryClient|Deny-PantryClient|Revoke-PantryClient|Get-PantryClient|Get-PantryJob|Receive-PantryJob|Stop-PantryJob|New-PantryEnrollmentToken|New-PantryEnrollment|New-PantryOperator|Revoke-PantryOperator|Get-PantryOperator)\b|(?<![-\w])-(?:Administrator|ExpiresIn|Scope|ServerPublicKey|OperatorFile|Identity|Application|Environment|Role|Token|Timeout|Path)\b")]
    private static partial Regex Pattern();
}
