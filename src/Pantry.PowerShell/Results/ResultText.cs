using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Text;

namespace Pantry.PowerShell.Results;

/// <summary>What a user sees of a result, as text that can be compared: no white space at the ends of lines, no empty lines at the end.</summary>
internal static class ResultText
{
    public static string Of(CommandResult result)
    {
        var text = new StringBuilder();
        bool isText = result.StandardOutput.Length > 0 && result.Output.All(value => Plain(value) is string);
        if (!isText)
        {
            foreach (object? value in result.Output)
                Append(text, value);
        }

        Append(text, result.StandardOutput);
        Append(text, result.StandardError);
        foreach (object? error in result.Errors)
            Append(text, error?.ToString());
        return text.ToString().TrimEnd('\n');
    }

    private static void Append(StringBuilder text, object? value)
    {
        object? plain = Plain(value);
        switch (plain)
        {
            case null:
                break;
            case string line:
                Append(text, line);
                break;
            case IFormattable number when plain.GetType() is { IsPrimitive: true } or { IsEnum: true } || plain is decimal or DateTime or DateTimeOffset or TimeSpan or Guid:
                Append(text, number.ToString(null, CultureInfo.InvariantCulture));
                break;
            case IDictionary map:
                foreach (DictionaryEntry entry in map.Cast<DictionaryEntry>().OrderBy(entry => entry.Key.ToString(), StringComparer.Ordinal))
                    Append(text, $"{entry.Key}: {Shown(entry.Value)}");
                break;
            case IEnumerable list:
                foreach (object? item in list)
                    Append(text, item);
                break;
            default:
                AppendProperties(text, PSObject.AsPSObject(value));
                break;
        }
    }

    // A line for each property that its type shows, else for all of them: what the engine adds about the way here is none of its own.
    private static void AppendProperties(StringBuilder text, PSObject item)
    {
        string[]? shown = ((item.Members["PSStandardMembers"] as PSMemberSet)?.Members["DefaultDisplayPropertySet"] as PSPropertySet)?.ReferencedPropertyNames.ToArray();
        PSPropertyInfo[] properties = [.. item.Properties.Where(property => shown is null
            ? property.Name is not ("PSComputerName" or "RunspaceId" or "PSShowComputerName" or "PSSourceJobInstanceId")
            : shown.Contains(property.Name, StringComparer.OrdinalIgnoreCase))];
        if (properties.Length == 0)
            Append(text, item.ToString());
        foreach (PSPropertyInfo property in properties)
            Append(text, $"{property.Name}: {Shown(ValueOf(property))}");
    }

    private static object? ValueOf(PSPropertyInfo property)
    {
        try
        {
            return property.Value;
        }
        catch (GetValueException)
        {
            return null;
        }
    }

    private static string Shown(object? value) => Plain(value) is IEnumerable list and not string
        ? string.Join(", ", list.Cast<object?>().Select(item => LanguagePrimitives.ConvertTo<string>(item)))
        : LanguagePrimitives.ConvertTo<string>(value) ?? "";

    private static void Append(StringBuilder text, string? lines)
    {
        if (string.IsNullOrEmpty(lines))
            return;
        foreach (ReadOnlySpan<char> line in lines.AsSpan().TrimEnd().EnumerateLines())
            text.Append(line.TrimEnd()).Append('\n');
    }

    private static object? Plain(object? value) => value is PSObject wrapped && wrapped.BaseObject is not PSCustomObject ? wrapped.BaseObject : value;
}
