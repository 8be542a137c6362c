using System.Diagnostics;
using System.Text.Json;
using Pantry.Protocol;

namespace Pantry.Commands;

/// <summary>
/// Runs commands in order, and stops at the first that does not succeed. Whether the client allows them all is asked before it is begun, where
/// every order is judged.
/// </summary>
internal sealed class StepsCommand(CommandTable commands) : ICommand
{
    public const string CommandName = OrderSteps.CommandName;

    // What a step's output always has room for, however much those before it have said.
    private const int LeastOutput = 32 * 1024;

    // Beyond the time a process gets to end, for a command that does not heed its cancellation.
    private static readonly TimeSpan Unheeded = TimeSpan.FromSeconds(3);

    public string Name => CommandName;

    public async Task<CommandOutcome> RunAsync(CommandContext context, CancellationToken cancellation)
    {
        if (OrderSteps.TryRead(context.Format, context.Arguments, out string? fault) is not { } order)
            return CommandOutcome.Failed("InvalidArgument", $"The order is none that can be carried out: {fault}.");

        var rows = new List<StepRow>();
        CommandOutcome? ended = null;
        int room = context.Options.OutputBytes;
        foreach ((int index, OrderStep step) in order.Steps.Index())
        {
            DateTimeOffset started = DateTimeOffset.UtcNow;
            long begun = Stopwatch.GetTimestamp();
            if (ended is not null)
            {
                rows.Add(Row(step, new CommandOutcome { Status = CommandStatus.Cancelled, Error = new CommandError("StepNotReached", "A step before this one did not succeed.") }, null, TimeSpan.Zero));
                continue;
            }

            CommandOutcome outcome = Fitting(Redacted(await RunStepAsync(context, step, index + 1, cancellation).ConfigureAwait(false), context.Redactor), ref room);
            rows.Add(Row(step, outcome, started, Stopwatch.GetElapsedTime(begun)));
            if (outcome.Status != CommandStatus.Succeeded)
                ended = outcome with { Error = new CommandError(outcome.Error?.Code ?? "StepFailed", $"Step {index + 1} ({step.Name ?? step.Command}) did not succeed: {outcome.Error?.Message}") };
        }

        return new CommandOutcome
        {
            Status = ended?.Status ?? CommandStatus.Succeeded,
            ExitCode = ended?.ExitCode,
            Error = ended?.Error,
            Truncated = rows.Exists(row => row.Truncated),
            Output = JsonSerializer.SerializeToUtf8Bytes(new StepRows(rows), OrderStepsJson.Default.StepRows),
            Format = BodyFormat.Json,
            IsRedacted = true,
        };
    }

    private async Task<CommandOutcome> RunStepAsync(CommandContext context, OrderStep step, int number, CancellationToken cancellation)
    {
        if (commands.Find(step.Command) is not { } command)
            return CommandOutcome.Failed("UnknownCommand", $"The client has no command '{DisplayText.Clean(step.Command, 80)}'.");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        if (step.TimeoutSeconds is { } seconds)
            limit.CancelAfter(TimeSpan.FromSeconds(Math.Clamp(seconds, 0.01, TimeSpan.FromDays(30).TotalSeconds)));
        bool RanOut() => cancellation.IsCancellationRequested ? context.TimedOut?.Invoke() == true : limit.IsCancellationRequested;

        string prefix = OrderSteps.SecretName(number, "");
        var own = new CommandContext(
            context.JobId, step.Arguments, step.Format,
            context.Secrets.Where(secret => secret.Key.StartsWith(prefix, StringComparison.Ordinal)).ToDictionary(secret => secret.Key[prefix.Length..], secret => secret.Value),
            step.RunAs, context.Options, context.Facts)
        {
            Home = context.Home,
            Client = context.Client,
            TimedOut = RanOut,
        };
        try
        {
            Task<CommandOutcome> work = Task.Run(() => command.RunAsync(own, limit.Token), CancellationToken.None);
            await Task.WhenAny(work, Task.Delay(Timeout.InfiniteTimeSpan, limit.Token)).ConfigureAwait(false);
            TimeSpan patience = (context.Options.TerminationGrace * 2) + context.Options.OutputDrain + Unheeded;
            if (!work.IsCompleted && await Task.WhenAny(work, Task.Delay(patience, CancellationToken.None)).ConfigureAwait(false) != work)
                return Stopped(RanOut(), step, null, "but could not be stopped: it may still run");
            CommandOutcome outcome = await work.ConfigureAwait(false);
            return limit.IsCancellationRequested && outcome.Status != CommandStatus.Succeeded ? Stopped(RanOut(), step, outcome) : outcome;
        }
        catch (InterruptedException interrupted)
        {
            return Stopped(RanOut(), step, new CommandOutcome
            {
                StandardOutput = interrupted.SoFar.StandardOutput,
                StandardError = interrupted.SoFar.StandardError,
                Truncated = interrupted.SoFar.Truncated,
                TextEncoding = ChildProcess.ConsoleEncoding,
            });
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            return Stopped(RanOut(), step, null);
        }
        catch (PantryException error)
        {
            return CommandOutcome.Failed(error.Code.ToString(), error.Message);
        }
        catch (Exception exception)
        {
            return CommandOutcome.Failed("CommandFailed", $"The command {command.Name} failed: {exception.Message}");
        }
    }

    private static CommandOutcome Stopped(bool ranOut, OrderStep step, CommandOutcome? soFar, string how = "and was stopped with all it had started") =>
        (soFar ?? new CommandOutcome()) with
        {
            Status = ranOut ? CommandStatus.TimedOut : CommandStatus.Cancelled,
            Error = ranOut
                ? new CommandError("RunTimedOut", $"{step.Name ?? step.Command} ran out of time, {how}. Give it more with -Timeout.")
                : new CommandError("Cancelled", $"{step.Name ?? step.Command} was cancelled, {how}."),
        };

    // Before it is written in base64, where nobody would find them.
    private static CommandOutcome Redacted(CommandOutcome outcome, SecretRedactor redactor) => redactor.IsEmpty ? outcome : outcome with
    {
        Error = redactor.Redact(outcome.Error),
        StandardOutput = redactor.Redact(outcome.StandardOutput),
        StandardError = redactor.Redact(outcome.StandardError),
        Output = outcome.IsRedacted ? outcome.Output : redactor.Redact(outcome.Output),
    };

    private static CommandOutcome Fitting(CommandOutcome outcome, ref int room)
    {
        int left = Math.Max(room, LeastOutput);
        byte[] output = Taken(outcome.Output, whole: true, ref left);
        byte[] error = Taken(outcome.StandardError, whole: false, ref left);
        byte[] text = Taken(outcome.StandardOutput, whole: false, ref left);
        bool cut = output.Length < outcome.Output.Length || error.Length < outcome.StandardError.Length || text.Length < outcome.StandardOutput.Length;
        room = Math.Max(0, room - output.Length - error.Length - text.Length);
        return outcome with
        {
            Output = output,
            StandardError = error,
            StandardOutput = text,
            Format = output.Length < outcome.Output.Length ? BodyFormat.None : outcome.Format,
            Truncated = outcome.Truncated || cut,
        };
    }

    // Objects in pieces can't be read; text can.
    private static byte[] Taken(byte[] bytes, bool whole, ref int left)
    {
        byte[] taken = bytes.Length <= left ? bytes : whole ? [] : bytes[..left];
        left -= taken.Length;
        return taken;
    }

    private static StepRow Row(OrderStep step, CommandOutcome outcome, DateTimeOffset? started, TimeSpan duration) => new(
        step.Name ?? step.Command, step.Command, outcome.Status, outcome.Format, outcome.Truncated, duration.TotalSeconds, outcome.StandardOutput, outcome.StandardError, outcome.Output,
        outcome.ExitCode, outcome.Error, outcome.TextEncoding, started);
}
