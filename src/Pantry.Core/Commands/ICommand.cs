using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.Commands;

/// <summary>Something a client can be ordered to do. Adding one is one file and one line in <see cref="CommandTable"/>.</summary>
internal interface ICommand
{
    string Name { get; }

    /// <summary>Whether it changes nothing, so that to do it twice does no harm and it needs no place in the journal.</summary>
    bool IsRepeatable => false;

    /// <summary>Whether it says itself when it begins with what must not be done twice; what it does before that may be done again.</summary>
    bool BeginsItself => false;

    /// <summary>Whether it can run as another user than the client's own; an order that wants that of one that can't is refused.</summary>
    bool CanRunAs => false;

    /// <summary>
    /// Does it. Ends soon after <paramref name="cancellation"/>, with whatever there is by then; an exception becomes a failed result.
    /// </summary>
    Task<CommandOutcome> RunAsync(CommandContext context, CancellationToken cancellation);
}

/// <summary>What a command gets.</summary>
/// <param name="JobId">Id of the job.</param>
/// <param name="Arguments">The arguments, as <paramref name="Format"/> says.</param>
/// <param name="Format">How the arguments are written.</param>
/// <param name="Secrets">Values that were sealed to this client, by name; never to be written down or put on a command line.</param>
/// <param name="RunAs">User to run as; null for the client's own.</param>
/// <param name="Options">Limits.</param>
/// <param name="Facts">Takes the client's facts anew.</param>
internal sealed record CommandContext(
    string JobId, byte[] Arguments, BodyFormat Format, IReadOnlyDictionary<string, byte[]> Secrets, string? RunAs, Configuration.PantryOptions Options, Func<ClientFacts> Facts)
{
    /// <summary>The client's own directory; null for a command that is run without one.</summary>
    public string? Home { get; init; }

    /// <summary>What the client is.</summary>
    public ClientLabels? Client { get; init; }

    /// <summary>Notes that the command begins with what must not be done twice, for one that says so itself; false where that was begun before.</summary>
    public Func<bool> Begin { get; init; } = () => true;

    /// <summary>Whether the command's token, once it is cancelled, means that its time is over.</summary>
    public Func<bool>? TimedOut { get; init; }

    /// <summary>Is told where output is to be seen while the command runs; null where nobody wants to.</summary>
    public ILiveOutput? Live { get; init; }

    /// <summary>For texts that may quote a secret.</summary>
    public SecretRedactor Redactor { get; } = SecretRedactor.For(Secrets, SecretRedactor.PasswordSuffix);
}

/// <summary>What a command brought.</summary>
internal sealed record CommandOutcome
{
    public CommandStatus Status { get; init; } = CommandStatus.Succeeded;

    public int? ExitCode { get; init; }

    public CommandError? Error { get; init; }

    public byte[] StandardOutput { get; init; } = [];

    public byte[] StandardError { get; init; } = [];

    /// <summary>Encoding of both where it is not UTF-8.</summary>
    public string? TextEncoding { get; init; }

    /// <summary>What the command returned, as <see cref="Format"/> says.</summary>
    public byte[] Output { get; init; } = [];

    public BodyFormat Format { get; init; }

    public bool Truncated { get; init; }

    /// <summary>Whether secrets are out of <see cref="Output"/> already: where it was written, for what is written in base64 or must stay JSON.</summary>
    public bool IsRedacted { get; init; }

    public static CommandOutcome Denied(string code, string message) =>
        new() { Status = CommandStatus.Denied, Error = new CommandError(code, message) };

    public static CommandOutcome Failed(string code, string message) =>
        new() { Status = CommandStatus.Failed, Error = new CommandError(code, message) };
}
