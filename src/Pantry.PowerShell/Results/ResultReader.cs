using System.Text;
using System.Text.Json;
using Pantry.Commands;
using Pantry.Protocol;

namespace Pantry.PowerShell.Results;

/// <summary>Makes what users see of a row. All of it is from elsewhere: it is read as data, and what can't be read is said.</summary>
internal static class ResultReader
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    static ResultReader() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    public static CommandResult Read(string jobId, string command, ResultRow row)
    {
        Result result = row.Result;
        byte[] standardOutput = row.Body(Result.StandardOutputBody), standardError = row.Body(Result.StandardErrorBody);
        string text = Text(standardOutput, result.TextEncoding);
        ScriptStreams streams = result.Format == BodyFormat.Clixml ? ScriptStreams.Read(row.Body(Result.OutputBody)) : ScriptStreams.Empty;
        return new CommandResult
        {
            Client = row.Client,
            JobId = jobId,
            Status = result.Status,
            ExitCode = result.ExitCode,
            Output = result.Format switch
            {
                BodyFormat.Clixml => streams.Output,
                BodyFormat.Json => Json(command, row.Body(Result.OutputBody)),
                _ => text.Length == 0 ? [] : Same(command, EchoCommand.CommandName) ? [text] : Lines(text),
            },
            StandardOutput = text,
            StandardError = Text(standardError, result.TextEncoding),
            StandardOutputBytes = standardOutput,
            StandardErrorBytes = standardError,
            Error = result.Error,
            Errors = streams.Errors,
            Warnings = streams.Warnings,
            Verbose = streams.Verbose,
            Information = streams.Information,
            Truncated = result.Truncated,
            StartedAt = result.StartedAt,
            Duration = result.Duration,
        };
    }

    /// <summary>UTF-8 where it is that, else what the client says its console writes, else byte by byte.</summary>
    private static string Text(byte[] bytes, string? encoding)
    {
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return Fallback(encoding).GetString(bytes);
        }
    }

    private static Encoding Fallback(string? name)
    {
        try
        {
            return name is null ? Encoding.Latin1
                : name.StartsWith("cp", StringComparison.OrdinalIgnoreCase) && int.TryParse(name.AsSpan(2), out int codePage) ? Encoding.GetEncoding(codePage)
                : Encoding.GetEncoding(name);
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException)
        {
            return Encoding.Latin1;
        }
    }

    private static string[] Lines(string text)
    {
        string[] lines = text.Split('\n');
        for (int i = 0; i < lines.Length; i++)
            lines[i] = lines[i].TrimEnd('\r');
        return lines[^1].Length == 0 ? lines[..^1] : lines;
    }

    private static object?[] Json(string command, byte[] body)
    {
        if (body.Length == 0)
            return [];
        try
        {
            if (Same(command, FactsCommand.CommandName) && JsonSerializer.Deserialize(body, CommandJson.Default.ClientFacts) is { } facts)
                return [facts];
            if ((Same(command, FileOrders.Receive) || Same(command, FileOrders.Offer)) && FileOrders.ReadOutcome(body) is { } outcome)
                return [new FileTransfer { Tree = outcome.Tree, Files = outcome.Files, Bytes = outcome.Bytes, Written = outcome.Written, Unchanged = outcome.Unchanged, SentBytes = outcome.SentBytes }];
        }
        catch (JsonException)
        {
            // Another version's: its text is still of use.
        }

        return [Encoding.UTF8.GetString(body)];
    }

    private static bool Same(string left, string right) => left.Equals(right, StringComparison.OrdinalIgnoreCase);
}
