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
            Output = Output(row.Client, jobId, command, result.Format, streams, row.Body(Result.OutputBody), text),
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
    public static string Text(byte[] bytes, string? encoding)
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

    public static string[] Lines(string text)
    {
        string[] lines = text.Split('\n');
        for (int i = 0; i < lines.Length; i++)
            lines[i] = lines[i].TrimEnd('\r');
        return lines[^1].Length == 0 ? lines[..^1] : lines;
    }

    private static object?[] Output(string client, string jobId, string command, BodyFormat format, ScriptStreams streams, byte[] body, string text) => format switch
    {
        BodyFormat.Clixml => streams.Output,
        BodyFormat.Json => Json(client, jobId, command, body),
        _ => text.Length == 0 ? [] : Same(command, EchoCommand.CommandName) ? [text] : Lines(text),
    };

    private static object?[] Json(string client, string jobId, string command, byte[] body)
    {
        if (body.Length == 0)
            return [];
        try
        {
            if (Same(command, ProvisionOrders.CommandName) && ReportReader.Read(client, jobId, body) is { } reports)
                return reports;
            if (Same(command, StepsCommand.CommandName) && JsonSerializer.Deserialize(body, OrderStepsJson.Default.StepRows) is { } steps)
                return [.. steps.Steps.OfType<StepRow>().Take(OrderSteps.MaxSteps).Select((step, index) => Step(client, jobId, index + 1, step))];
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

    private static StepResult Step(string client, string jobId, int number, StepRow row)
    {
        string text = Text(row.StandardOutput, row.TextEncoding);
        ScriptStreams streams = row.Format == BodyFormat.Clixml ? ScriptStreams.Read(row.Output) : ScriptStreams.Empty;
        return new StepResult
        {
            Number = number,
            Name = DisplayText.FirstLine(row.Name),
            Command = DisplayText.FirstLine(row.Command),
            Status = row.Status,
            ExitCode = row.ExitCode,
            // A step is none of steps itself: what says so is not read as such.
            Output = Same(row.Command, StepsCommand.CommandName) ? [] : Output(client, jobId, row.Command, row.Format, streams, row.Output, text),
            StandardOutput = text,
            StandardError = Text(row.StandardError, row.TextEncoding),
            Error = row.Error,
            Truncated = row.Truncated,
            StartedAt = row.StartedAt,
            Duration = row.Seconds is > 0 and < 1e9 ? TimeSpan.FromSeconds(row.Seconds) : TimeSpan.Zero,
        };
    }

    private static bool Same(string left, string right) => left.Equals(right, StringComparison.OrdinalIgnoreCase);
}
