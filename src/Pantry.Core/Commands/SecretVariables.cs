using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace Pantry.Commands;

/// <summary>Secrets as variables of a child's environment: on no command line, in no file, readable by its user and root alone.</summary>
internal static partial class SecretVariables
{
    /// <summary>Longest value; Windows takes no longer variables.</summary>
    public const int MaxBytes = 32 * 1024;

    // Pantry finds a command's processes by its own; the loader's would run code in whatever the command starts.
    private static readonly string[] Reserved = ["PANTRY_", "LD_"];

    // PowerShell sets these itself, so a secret under such a name would not be seen.
    private static readonly string[] Automatic =
        ["_", "args", "input", "this", "PSItem", "matches", "foreach", "switch", "error", "LASTEXITCODE", "MyInvocation", "PSBoundParameters", "PSCmdlet"];

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    /// <exception cref="PantryException">A name or value is none for a variable.</exception>
    public static void Set(ProcessStartInfo start, IReadOnlyDictionary<string, byte[]> secrets)
    {
        foreach ((string name, byte[] value) in secrets)
        {
            if (name != RunAsUser.PasswordSecret)
                start.Environment[name] = Text(name, value);
        }
    }

    /// <summary>The name of a variable for any other name: what none can have is an underscore.</summary>
    public static string NameFor(string name)
    {
        string variable = new([.. name.Select(character => char.IsAsciiLetterOrDigit(character) ? character : '_')]);
        return Variable().IsMatch(variable) ? variable : $"_{variable}";
    }

    /// <exception cref="PantryException">It is no name of a variable, or one that is not to be set.</exception>
    public static string RequireName(string name)
    {
        if (!Variable().IsMatch(name))
        {
            throw new PantryException(PantryErrorCode.InvalidArgument,
                $"'{DisplayText.Clean(name, 80)}' is no name for a secret. It becomes a variable: use letters, digits and underscores, and begin with no digit.");
        }

        return Reserved.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            ? throw new PantryException(PantryErrorCode.InvalidArgument, $"A secret cannot be named '{name}': names that begin with {string.Join(" or ", Reserved)} are reserved.")
            : name;
    }

    /// <summary>The same for a variable of a script.</summary>
    /// <exception cref="PantryException">It is no name of a variable, or one that is not to be set.</exception>
    public static string RequireScriptName(string name) => Automatic.Contains(RequireName(name), StringComparer.OrdinalIgnoreCase) ? throw OfPowerShell(name) : name;

    public static PantryException OfPowerShell(string name) =>
        new(PantryErrorCode.InvalidArgument, $"A secret cannot be named '{name}', which is a variable of PowerShell's own. Choose another name.") { Target = name };

    /// <summary>The value as a variable holds it.</summary>
    /// <exception cref="PantryException">The name or the value is none for a variable.</exception>
    public static string Text(string name, byte[] value) => Value(RequireName(name), value);

    /// <summary>As <see cref="Text"/>, for a secret whose variable has another name.</summary>
    /// <exception cref="PantryException">The value is none for a variable.</exception>
    public static string Value(string name, byte[] value)
    {
        name = DisplayText.Clean(name, 80);
        if (value.Length > MaxBytes)
            throw new PantryException(PantryErrorCode.LimitReached, $"The secret '{name}' has more than {MaxBytes:N0} bytes, which a variable cannot hold.");
        try
        {
            string text = StrictUtf8.GetString(value);
            if (!text.Contains('\0', StringComparison.Ordinal))
                return text;
        }
        catch (DecoderFallbackException)
        {
            // Said below, without the bytes.
        }

        throw new PantryException(PantryErrorCode.InvalidArgument, $"The secret '{name}' is no text, or holds a zero; a variable cannot hold it. Send it in base64.");
    }

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]*\z")]
    private static partial Regex Variable();
}
