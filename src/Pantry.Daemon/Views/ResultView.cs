using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Pantry.Daemon.Scripts;
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

    /// <summary>What a command of Pantry's own answered, or the objects that a script wrote; null for what only wrote text.</summary>
    public JsonNode? Output { get; init; }

    /// <summary>A script's errors.</summary>
    public IReadOnlyList<string> Errors => TextsOf(OutputStream.Error);

    public IReadOnlyList<string> Warnings => TextsOf(OutputStream.Warning);

    public IReadOnlyList<string> Verbose => TextsOf(OutputStream.Verbose);

    public IReadOnlyList<string> Information => TextsOf(OutputStream.Information);

    /// <summary>All that a script wrote, in its order.</summary>
    [JsonIgnore]
    public IReadOnlyList<ScriptRecord> Records { get; init; } = [];

    public CommandError? Error { get; init; }

    public bool Truncated { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public TimeSpan Duration { get; init; }

    public static ResultView Of(string job, ResultRow row)
    {
        Result result = row.Result;
        ScriptRecord[] records = result.Format == BodyFormat.Clixml ? [.. ScriptRecord.ReadAll(row.Body(Result.OutputBody))] : [];
        return new ResultView
        {
            Client = row.Client,
            JobId = job,
            Status = result.Status,
            ExitCode = result.ExitCode,
            StandardOutput = OutputText.Of(row.Body(Result.StandardOutputBody), result.TextEncoding),
            StandardError = OutputText.Of(row.Body(Result.StandardErrorBody), result.TextEncoding),
            Output = result.Format switch
            {
                BodyFormat.Json => Parse(row.Body(Result.OutputBody)),
                BodyFormat.Clixml => new JsonArray([.. records.Where(record => record.Stream == OutputStream.Output).Select(record => record.Value)]),
                _ => null,
            },
            Records = records,
            Error = result.Error,
            Truncated = result.Truncated,
            StartedAt = result.StartedAt,
            Duration = result.Duration,
        };
    }

    private string[] TextsOf(OutputStream stream) => [.. Records.Where(record => record.Stream == stream).Select(record => record.Text)];

    private static JsonNode? Parse(byte[] body)
    {
        if (body.Length == 0)
            return null;
        try
        {
            return JsonNode.Parse(body, documentOptions: Shallow);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
