using System.Text.Json;
using Pantry.Protocol;

namespace Pantry.Daemon.Views;

/// <summary>A row as JSON; its names are those of the objects in PowerShell.</summary>
internal sealed record ResultView
{
    // As deep as Pantry's own commands answer.
    private static readonly JsonDocumentOptions Shallow = new() { MaxDepth = 32 };

    public required string Client { get; init; }

    public required string JobId { get; init; }

    public required CommandStatus Status { get; init; }

    public int? ExitCode { get; init; }

    public string StandardOutput { get; init; } = "";

    public string StandardError { get; init; } = "";

    /// <summary>What a command of Pantry's own answered; null for what only wrote text.</summary>
    public JsonElement? Output { get; init; }

    public CommandError? Error { get; init; }

    public bool Truncated { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public TimeSpan Duration { get; init; }

    public static ResultView Of(string job, ResultRow row)
    {
        Result result = row.Result;
        return new ResultView
        {
            Client = row.Client,
            JobId = job,
            Status = result.Status,
            ExitCode = result.ExitCode,
            StandardOutput = OutputText.Of(row.Body(Result.StandardOutputBody), result.TextEncoding),
            StandardError = OutputText.Of(row.Body(Result.StandardErrorBody), result.TextEncoding),
            Output = result.Format == BodyFormat.Json ? Parse(row.Body(Result.OutputBody)) : null,
            Error = result.Error,
            Truncated = result.Truncated,
            StartedAt = result.StartedAt,
            Duration = result.Duration,
        };
    }

    private static JsonElement? Parse(byte[] body)
    {
        if (body.Length == 0)
            return null;
        try
        {
            using var document = JsonDocument.Parse(body, Shallow);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
