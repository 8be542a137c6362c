using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Pantry.Files;

/// <summary>
/// The access list of a file or directory on Windows as text: the DACL's own entries, not those that it inherits, in the language of Windows (SDDL) and in one way only.
/// <c>D:P</c> where it inherits nothing, else <c>D:</c>, then each entry with its rights as a number and the full SID. No owner, no audit entries, no conditions.
/// Read and written without Windows, for a manifest is judged by whoever gets it.
/// </summary>
internal static partial class AclText
{
    /// <summary>Longest text: some 300 entries.</summary>
    public const int MaxLength = 16 * 1024;

    // What a file can grant: its own rights and the generic ones that it hands down.
    private const uint Rights = 0xf01f01ff;
    private const ulong MaxAuthority = (1UL << 48) - 1;

    /// <param name="isProtected">Whether nothing is inherited.</param>
    /// <param name="entries">The entries, in their order.</param>
    public static string Write(bool isProtected, IEnumerable<AclEntry> entries)
    {
        var text = new StringBuilder(isProtected ? "D:P" : "D:");
        foreach (AclEntry entry in entries)
        {
            text.Append(CultureInfo.InvariantCulture, $"({(entry.Allows ? 'A' : 'D')};")
                .Append(entry.ObjectInherit ? "OI" : "").Append(entry.ContainerInherit ? "CI" : "").Append(entry.NoPropagate ? "NP" : "").Append(entry.InheritOnly ? "IO" : "")
                .Append(CultureInfo.InvariantCulture, $";0x{entry.Rights:x};;;{entry.Sid})");
        }

        return text.ToString();
    }

    /// <summary>What is wrong with a text; null where nothing is.</summary>
    public static string? Fault(string text, bool isDirectory)
    {
        if (text.Length > MaxLength)
            return $"its access list has more than {MaxLength:N0} characters";
        if (Whole().Match(text) is not { Success: true } whole)
            return "its access list is not written as it must be";
        for (int i = 0; i < whole.Groups["sid"].Captures.Count; i++)
        {
            string inheritance = whole.Groups["inheritance"].Captures[i].Value;
            if (inheritance.Length > 0 && !isDirectory)
                return "its access list hands rights down, and nothing is in a file";
            if (inheritance is "NP" or "IO" or "NPIO")
                return "an entry of its access list says how it is handed down, but not to what";
            if ((uint.Parse(whole.Groups["rights"].Captures[i].ValueSpan, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) & ~Rights) != 0)
                return "an entry of its access list has rights that no file has";
            if (!IsSid(whole.Groups["sid"].Captures[i].Value))
                return "an entry of its access list is for a SID that is none";
        }

        return null;
    }

    private static bool IsSid(string text)
    {
        string[] parts = text.Split('-');
        return IsNumber(parts[2], MaxAuthority) && parts.Skip(3).All(part => IsNumber(part, uint.MaxValue));
    }

    private static bool IsNumber(string text, ulong most) =>
        ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value) && value <= most && (text.Length == 1 || text[0] != '0');

    [GeneratedRegex(@"\AD:P?(?:\([AD];(?<inheritance>(?:OI)?(?:CI)?(?:NP)?(?:IO)?);0x(?<rights>[1-9a-f][0-9a-f]{0,7});;;(?<sid>S-1-[0-9]{1,15}(?:-[0-9]{1,10}){1,15})\))*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Whole();
}

/// <summary>An entry of an access list.</summary>
/// <param name="Allows">Whether it grants; else it denies.</param>
/// <param name="Rights">What, as Windows numbers it.</param>
/// <param name="Sid">Whom.</param>
internal readonly record struct AclEntry(bool Allows, uint Rights, string Sid)
{
    /// <summary>Whether files in the directory inherit it.</summary>
    public bool ObjectInherit { get; init; }

    /// <summary>Whether directories in it do.</summary>
    public bool ContainerInherit { get; init; }

    /// <summary>Whether it goes no further down than that.</summary>
    public bool NoPropagate { get; init; }

    /// <summary>Whether it says nothing of the directory itself.</summary>
    public bool InheritOnly { get; init; }
}
