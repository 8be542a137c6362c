using System.Text;
using System.Text.Json;
using Pantry.Commands;
using Pantry.Protocol;

namespace Pantry.PowerShell.Results;

/// <summary>Makes what users see of a row. All of it is from elsewhere: it is read as data, and what can't be read is said.</summary>
internal static class ResultReader
{
    public static CommandResult Read(string jobId, string command, ResultRow row)
    {
        Result result = row.Result;
        byte[] standardOutput = row.Body(Result.StandardOutputBody), standardError = row.Body(Result.StandardErrorBody);
        string text = OutputText.Of(standardOutput, result.TextEncoding);
        ScriptStreams streams = result.Format == BodyFormat.Clixml ? ScriptStreams.Read(row.Body(Result.OutputBody)) : ScriptStreams.Empty;
        return new CommandResult
        {
            Client = row.Client,
            JobId = jobId,
            Status = result.Status,
            ExitCode = result.ExitCode,
            Output = Output(row.Client, jobId, command, result.Format, streams, row.Body(Result.OutputBody), text),
            StandardOutput = text,
            StandardError = OutputText.Of(standardError, result.TextEncoding),
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

    private static object?[] Output(string client, string jobId, string command, BodyFormat format, ScriptStreams streams, byte[] body, string text) => format switch
    {
        BodyFormat.Clixml => streams.Output,
        BodyFormat.Json => Json(client, jobId, command, body),
        _ => text.Length == 0 ? [] : Same(command, EchoCommand.CommandName) ? [text] : OutputText.Lines(text),
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
        string text = OutputText.Of(row.StandardOutput, row.TextEncoding);
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
            StandardError = OutputText.Of(row.StandardError, row.TextEncoding),
            Error = row.Error,
            Truncated = row.Truncated,
            StartedAt = row.StartedAt,
            Duration = row.Seconds is > 0 and < 1e9 ? TimeSpan.FromSeconds(row.Seconds) : TimeSpan.Zero,
        };
    }

    private static bool Same(string left, string right) => left.Equals(right, StringComparison.OrdinalIgnoreCase);
}
