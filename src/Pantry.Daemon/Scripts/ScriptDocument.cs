using System.Globalization;
using System.Security;
using System.Text;

namespace Pantry.Daemon.Scripts;

/// <summary>The arguments of a Script order as a CLIXML document, as a console in PowerShell writes it; here all values are texts.</summary>
internal static class ScriptDocument
{
    private const string Nothing = "<Nil N=\"Value\" />";

    /// <param name="script">Text of the script.</param>
    /// <param name="arguments">Its positional arguments.</param>
    /// <param name="secrets">Variables of the script that are secrets, each with the name that its value travels under.</param>
    /// <param name="depth">Levels of properties that output keeps.</param>
    public static byte[] Write(string script, IEnumerable<string> arguments, IEnumerable<(string Variable, string Secret)> secrets, int depth)
    {
        string document = Table("",
            Entry("Script", Value(script, "Value")),
            Entry("Arguments", List(arguments.Select(argument => Value(argument)))),
            Entry("Parameters", Nothing),
            Entry("Using", Table(" N=\"Value\"")),
            Entry("Secrets", List(secrets.Select(secret => Table("",
                Entry("In", Value("Variables", "Value")), Entry("Key", Value(secret.Variable, "Value")), Entry("Value", Value(secret.Secret, "Value")), Entry("User", Nothing))))),
            Entry("Depth", string.Create(CultureInfo.InvariantCulture, $"<I32 N=\"Value\">{depth}</I32>")));
        return [.. Encoding.UTF8.GetBytes($"<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">{document}</Objs>"), 0];
    }

    private static string Table(string name, params string[] entries) =>
        $"<Obj{name}><TN><T>System.Collections.Hashtable</T><T>System.Object</T></TN><DCT>{string.Concat(entries)}</DCT></Obj>";

    private static string List(IEnumerable<string> items) =>
        $"<Obj N=\"Value\"><TN><T>System.Object[]</T><T>System.Array</T><T>System.Object</T></TN><LST>{string.Concat(items)}</LST></Obj>";

    private static string Entry(string key, string value) => $"<En>{Value(key, "Key")}{value}</En>";

    private static string Value(string text, string? name = null) => $"<S{(name is null ? "" : $" N=\"{name}\"")}>{SecurityElement.Escape(Escaped(text))}</S>";

    // What XML cannot hold, or would change, is written as _xHHHH_; and so is what looks like it.
    private static string Escaped(string text)
    {
        var escaped = new StringBuilder(text.Length);
        for (int at = 0; at < text.Length; at++)
        {
            char character = text[at];
            if (char.IsControl(character) || char.IsSurrogate(character) || character is '\uFFFE' or '\uFFFF' || (character == '_' && at + 1 < text.Length && text[at + 1] is 'x' or 'X'))
                escaped.Append(CultureInfo.InvariantCulture, $"_x{(int)character:X4}_");
            else
                escaped.Append(character);
        }

        return escaped.ToString();
    }
}
