using System.Text;

namespace Pantry.Security;

/// <summary>
/// The one guard of names from outside that become paths: files, packages, identities, job ids. What is dangerous on any
/// platform is refused on all, so that a name that one machine takes means the same on the next.
/// </summary>
internal static class PathGuard
{
    public const int MaxLength = 1024;

    /// <summary>Bytes of one part, as file systems have it.</summary>
    public const int MaxPartBytes = 255;

    private const string Reserved = "<>:\"|?*";

    // Windows takes these for devices in every directory, whatever stands behind a dot.
    private static readonly string[] Devices = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"];
    private const string NumberedDigits = "0123456789¹²³";

    /// <summary>A relative name with <c>/</c> between its parts, if it is safe everywhere. Looks at the name only.</summary>
    /// <exception cref="PantryException">The name is not safe; the message says why.</exception>
    public static string Check(string name)
    {
        if (name.Length is 0 or > MaxLength)
            throw Refused(name, $"it must have 1 to {MaxLength} characters");
        string[] parts = name.Split('/', '\\');
        foreach (string part in parts)
        {
            if (Fault(part) is { } fault)
                throw Refused(name, fault);
        }

        return string.Join('/', parts);
    }

    /// <summary>The full path of a name under a directory. No part that is there may be a link.</summary>
    /// <param name="root">The directory; the names must not lead out of it.</param>
    /// <param name="name">The name from outside.</param>
    /// <exception cref="PantryException">The name is not safe, or a link is in its way.</exception>
    public static string Resolve(string root, string name)
    {
        string relative = Check(name);
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
        foreach (string part in relative.Split('/'))
        {
            full = Path.Combine(full, part);
            if (IsLink(full))
            {
                throw new PantryException(PantryErrorCode.InsecureFile, $"'{DisplayText.Clean(full, 200)}' is a link, and may lead out of '{root}'. Put the file or directory itself there.")
                {
                    Target = full,
                };
            }
        }

        return full;
    }

    private static string? Fault(string part)
    {
        if (part.Length == 0)
            return "it must be relative, and have no empty part";
        if (part is "." or "..")
            return "it must not have . or .. as a part";
        if (part[^1] is '.' or ' ' || part[0] == ' ')
            return "no part may begin with a space, or end with a dot or a space";
        foreach (char character in part)
        {
            if (char.IsControl(character) || character is '\u2028' or '\u2029')
                return "it must not have control characters";
            if (Reserved.Contains(character, StringComparison.Ordinal))
                return $"it must not have any of {Reserved}";
        }

        if (!IsWellFormed(part))
            return "it is no valid Unicode";
        if (Encoding.UTF8.GetByteCount(part) > MaxPartBytes)
            return $"a part must have at most {MaxPartBytes} bytes";
        return IsDevice(part) ? "a part is the name of a device on Windows" : null;
    }

    /// <summary>Whether Windows takes the name of a file or directory for a device.</summary>
    public static bool IsDevice(string part)
    {
        int dot = part.IndexOf('.', StringComparison.Ordinal);
        string stem = (dot < 0 ? part : part[..dot]).TrimEnd(' ').ToUpperInvariant();
        return Devices.Contains(stem)
            || (stem.Length == 4 && (stem.StartsWith("COM", StringComparison.Ordinal) || stem.StartsWith("LPT", StringComparison.Ordinal))
                && NumberedDigits.Contains(stem[3], StringComparison.Ordinal));
    }

    private static bool IsWellFormed(string part)
    {
        ReadOnlySpan<char> rest = part;
        while (!rest.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(rest, out _, out int used) != System.Buffers.OperationStatus.Done)
                return false;
            rest = rest[used..];
        }

        return true;
    }

    private static bool IsLink(string path)
    {
        try
        {
            return (File.GetAttributes(path) & FileAttributes.ReparsePoint) != 0;
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new PantryException(PantryErrorCode.InsecureFile, $"'{DisplayText.Clean(path, 200)}' cannot be looked at: {exception.Message}", exception) { Target = path };
        }
    }

    private static PantryException Refused(string name, string why) =>
        new(PantryErrorCode.InvalidName, $"The name '{DisplayText.FirstLine(name, 80)}' is refused: {why}.") { Target = name };
}
