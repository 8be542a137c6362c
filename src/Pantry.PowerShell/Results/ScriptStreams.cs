using System.Management.Automation;
using System.Text;
using Pantry.PowerShell.Scripts;

namespace Pantry.PowerShell.Results;

/// <summary>The streams of a script, read from its records.</summary>
internal sealed class ScriptStreams
{
    private readonly List<object?> _output = [], _errors = [], _warnings = [], _verbose = [], _information = [];

    private ScriptStreams()
    {
    }

    public static ScriptStreams Empty { get; } = new();

    public object?[] Output => [.. _output];

    public object?[] Errors => [.. _errors];

    public object?[] Warnings => [.. _warnings];

    public object?[] Verbose => [.. _verbose];

    public object?[] Information => [.. _information];

    public static ScriptStreams Read(ReadOnlySpan<byte> records)
    {
        var streams = new ScriptStreams();
        foreach ((OutputStream stream, object? value) in ReadRecords(records))
            streams.Add(stream, value);
        return streams;
    }

    /// <summary>Records in the order they came.</summary>
    public static List<(OutputStream Stream, object? Value)> ReadRecords(ReadOnlySpan<byte> records)
    {
        var read = new List<(OutputStream, object?)>();
        while (records.Length > 0)
        {
            int end = records.IndexOf((byte)0);
            ReadOnlySpan<byte> record = end < 0 ? records : records[..end];
            records = end < 0 ? [] : records[(end + 1)..];
            if (record.Length > 0)
                Add(read, (char)record[0], record[1..]);
        }

        return read;
    }

    private static void Add(List<(OutputStream, object?)> read, char letter, ReadOnlySpan<byte> document)
    {
        object?[] values;
        try
        {
            values = PSSerializer.DeserializeAsList(Encoding.UTF8.GetString(document));
        }
        catch (Exception exception) when (exception is System.Xml.XmlException or RuntimeException or FormatException or InvalidOperationException)
        {
            read.Add((OutputStream.Error, new ErrorRecord(
                new RemoteException($"A record of the client could not be read: {DisplayText.Clean(exception.Message, 200)}"),
                "UnreadableRecord", ErrorCategory.InvalidData, null)));
            return;
        }

        foreach (object? value in values)
        {
            switch (letter)
            {
                case ScriptRecords.Output:
                    read.Add((OutputStream.Output, value));
                    break;
                case ScriptRecords.Error:
                    read.Add((OutputStream.Error, ToError(value)));
                    break;
                case ScriptRecords.Warning:
                    read.Add((OutputStream.Warning, new WarningRecord(Message(value))));
                    break;
                case ScriptRecords.Verbose:
                    read.Add((OutputStream.Verbose, new VerboseRecord(Message(value))));
                    break;
                case ScriptRecords.Information:
                    read.Add((OutputStream.Information, ToInformation(value)));
                    break;
                case ScriptRecords.Debug:
                    read.Add((OutputStream.Debug, new DebugRecord(Message(value))));
                    break;
                default:
                    break;
            }
        }
    }

    private void Add(OutputStream stream, object? value)
    {
        List<object?>? list = stream switch
        {
            OutputStream.Output => _output,
            OutputStream.Error => _errors,
            OutputStream.Warning => _warnings,
            OutputStream.Verbose => _verbose,
            OutputStream.Information => _information,
            _ => null,
        };
        list?.Add(value);
    }

    // Records cross as bags of properties; here they become records again, so that they show and behave as such.
    private static ErrorRecord ToError(object? value)
    {
        PSObject bag = PSObject.AsPSObject(value ?? "");
        object? exception = Property(bag, "Exception");
        string message = Text(exception is null ? null : Property(PSObject.AsPSObject(exception), "Message")) ?? bag.ToString();
        string id = Text(Property(bag, "FullyQualifiedErrorId")) ?? "ScriptError";
        var category = (ErrorCategory)(Property(bag, "ErrorCategory_Category") as int? ?? 0);
        return new ErrorRecord(new RemoteException(message), id, Enum.IsDefined(category) ? category : ErrorCategory.NotSpecified, Property(bag, "TargetObject"));
    }

    private static InformationRecord ToInformation(object? value)
    {
        PSObject bag = PSObject.AsPSObject(value ?? "");
        return new InformationRecord(Property(bag, "MessageData") ?? bag.ToString(), Text(Property(bag, "Source")) ?? "");
    }

    private static string Message(object? value)
    {
        PSObject bag = PSObject.AsPSObject(value ?? "");
        return Text(Property(bag, "InformationalRecord_Message")) ?? Text(Property(bag, "Message")) ?? bag.ToString();
    }

    private static object? Property(PSObject bag, string name) => bag.Properties[name]?.Value;

    private static string? Text(object? value) => value?.ToString();
}
