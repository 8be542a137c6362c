using System.Text.Json.Serialization;

namespace Pantry.Protocol;

/// <summary>How an order's arguments, or a result's output, are written in a body.</summary>
internal enum BodyFormat
{
    /// <summary>Nothing there.</summary>
    None,

    /// <summary>UTF-8 JSON, for Pantry's own commands.</summary>
    Json,

    /// <summary>UTF-8 CLIXML documents, each ended by a zero byte: PowerShell objects.</summary>
    Clixml,
}

/// <summary>
/// An order. Bodies: the operator's signed statement, the arguments, the sealed secrets, then lists of targets. What is
/// not in the statement can only hold an order back or bring its output sooner, never widen it.
/// </summary>
/// <param name="Job">Id of the job, as in the statement.</param>
/// <param name="Number">Position of the order among all of this run of the server.</param>
/// <param name="Direct">Sent to this client alone, over its session; set again when the fast path was not acknowledged.</param>
/// <param name="Signature">The operator's signature of the statement.</param>
/// <param name="BundleSerial">Serial of the trust bundle that the signer is in.</param>
/// <param name="Only">Tags of the targets whose turn it is, one after the other; null for all.</param>
/// <param name="Live">Whether output is wanted while the command runs: nothing that does not come with the result anyway, only sooner.</param>
internal sealed record Order(
    string Job, long Number, bool Direct, byte[] Signature, long BundleSerial, byte[]? Only,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Live = false)
{
    public const int StatementBody = 0;
    public const int ArgumentsBody = 1;
    public const int SecretsBody = 2;
    public const int FirstListBody = 3;
}

/// <summary>The client has the order and will answer.</summary>
internal sealed record Accepted(string Job);

/// <summary>Stop an order's command.</summary>
internal sealed record CancelOrder(string Job);

/// <summary>The server has the result: the client need not send it again.</summary>
internal sealed record ResultStored(string Job);

/// <summary>The outcome of a command. Bodies: standard output, standard error, output.</summary>
/// <param name="Job">Id of the job.</param>
/// <param name="Status">How the command ended.</param>
/// <param name="ExitCode">Exit code of the process, where there was one.</param>
/// <param name="Error">Why it did not succeed.</param>
/// <param name="Format">How the output body is written.</param>
/// <param name="TextEncoding">Encoding of standard output and error where it is not UTF-8.</param>
/// <param name="Truncated">Whether output was left out.</param>
/// <param name="StartedAt">When the client started the command.</param>
/// <param name="Duration">How long it ran.</param>
internal sealed record Result(
    string Job, CommandStatus Status, int? ExitCode, CommandError? Error, BodyFormat Format, string? TextEncoding, bool Truncated,
    DateTimeOffset? StartedAt, TimeSpan Duration)
{
    public const int StandardOutputBody = 0;
    public const int StandardErrorBody = 1;
    public const int OutputBody = 2;

    /// <summary>The outcome of an order whose command did not run, or of which nobody knows more.</summary>
    public static Result WithoutRun(string job, CommandStatus status, string code, string message) =>
        new(job, status, null, new CommandError(code, message), BodyFormat.None, null, false, null, TimeSpan.Zero);
}
