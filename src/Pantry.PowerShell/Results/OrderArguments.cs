using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Text.Json;
using Pantry.Commands;
using Pantry.PowerShell.Scripts;

namespace Pantry.PowerShell.Results;

/// <summary>Arguments of Pantry's own commands, as JSON.</summary>
internal static class OrderArguments
{
    private const int MaxDepth = 16;

    // What is below is for a tool, in words of its own.
    private const string Verbatim = "parameters";

    public static byte[] ForShell(string command, object?[]? arguments, string? directory) => JsonSerializer.SerializeToUtf8Bytes(
        arguments is null
            ? new ShellArguments(command, WorkingDirectory: directory)
            : new ShellArguments(null, command, [.. arguments.Select(Text)], directory),
        CommandJson.Default.ShellArguments);

    /// <summary>What a user gave as a table: names as PowerShell writes them become those of the command.</summary>
    public static byte[] ForBuiltIn(string name, IDictionary? arguments, object?[]? positional)
    {
        if (positional is { Length: > 0 })
            throw new PantryException(PantryErrorCode.InvalidArgument, $"The command {name} takes its arguments by name, with -Argument @{{ name = value }}.");
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
            Write(json, arguments ?? new Hashtable(), 0);
        return stream.ToArray();
    }

    private static void Write(Utf8JsonWriter json, object? value, int depth, bool verbatim = false)
    {
        if (depth > MaxDepth)
            throw new PantryException(PantryErrorCode.InvalidArgument, $"The arguments are nested deeper than {MaxDepth} levels.");
        switch (value is PSObject wrapped ? wrapped.BaseObject : value)
        {
            case null:
                json.WriteNullValue();
                break;
            case bool truth:
                json.WriteBooleanValue(truth);
                break;
            case SwitchParameter set:
                json.WriteBooleanValue(set);
                break;
            case IConvertible number when number.GetTypeCode() is >= TypeCode.SByte and <= TypeCode.Decimal:
                json.WriteRawValue(Text(number));
                break;
            case IDictionary table:
                json.WriteStartObject();
                foreach (DictionaryEntry entry in table)
                {
                    string key = Text(entry.Key);
                    json.WritePropertyName(verbatim ? key : JsonNamingPolicy.CamelCase.ConvertName(key));
                    Write(json, entry.Value, depth + 1, verbatim || key.Equals(Verbatim, StringComparison.OrdinalIgnoreCase));
                }

                json.WriteEndObject();
                break;
            case IEnumerable list and not string:
                json.WriteStartArray();
                foreach (object? item in list)
                    Write(json, item, depth + 1, verbatim);
                json.WriteEndArray();
                break;
            case { } other:
                json.WriteStringValue(Text(other));
                break;
        }
    }

    // As PowerShell turns a value into text for a program: invariant, whatever the culture.
    private static string Text(object? value) => OrderSecrets.IsSecret(value)
        ? throw new PantryException(PantryErrorCode.InvalidArgument,
            "A secret was given as an argument of a program or of one of Pantry's own commands. Command lines are readable for every user of the client's machine: "
            + "give it with -Secret @{ NAME = ... }, and have the command read the variable NAME of its environment.")
        : value is PSObject wrapped ? Text(wrapped.BaseObject) : Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
}
