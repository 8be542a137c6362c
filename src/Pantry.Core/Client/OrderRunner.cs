using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Targeting;

namespace Pantry.Client;

/// <summary>Runs orders beside each other up to a limit; each ends in exactly one result, in time.</summary>
internal sealed class OrderRunner(
    Func<ClientConfiguration> configuration, CommandTable commands, PantryOptions options, TimeProvider time, ILogger log, Func<ClientFacts> facts, Func<ClientLabels> labels) : IDisposable
{
    // Beyond the time a process gets to end, for a command that does not heed its cancellation.
    private static readonly TimeSpan Unheeded = TimeSpan.FromSeconds(3);

    private readonly SemaphoreSlim _slots = new(options.MaxConcurrentCommands);
    private readonly ConcurrentDictionary<string, Running> _running = new();
    private readonly Lock _work = new();
    private TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _unfinished;
    private int _stops;
    private volatile bool _closed;

    public int Count => _running.Count;

    /// <summary>Completes when no order is at work any more; orders that come meanwhile count too.</summary>
    public Task Idle
    {
        get
        {
            lock (_work)
                return _unfinished == 0 ? Task.CompletedTask : _idle.Task;
        }
    }

    /// <summary>Runs an order to its result and hands that over.</summary>
    public async Task RunAsync(OrderWork order, Func<Message, Task> deliver)
    {
        lock (_work)
            _unfinished++;
        try
        {
            await deliver(await ResultAsync(order).ConfigureAwait(false)).ConfigureAwait(false);
        }
        finally
        {
            lock (_work)
            {
                if (--_unfinished == 0)
                {
                    _idle.TrySetResult();
                    _idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                }
            }
        }
    }

    private async Task<Message> ResultAsync(OrderWork order)
    {
        DateTimeOffset started = time.GetUtcNow();
        long begun = time.GetTimestamp();
        CommandOutcome outcome = await OutcomeAsync(order).ConfigureAwait(false);
        return new Message(
            MessageKind.Result,
            new Result(
                order.Statement.Job, outcome.Status, outcome.ExitCode, outcome.Error, outcome.Format, outcome.TextEncoding, outcome.Truncated,
                started, time.GetElapsedTime(begun)))
        {
            Bodies = [outcome.StandardOutput, outcome.StandardError, outcome.Output],
        };
    }

    /// <summary>Stops an order's command; its result says so.</summary>
    public void Cancel(string job)
    {
        if (_running.TryGetValue(job, out Running? running))
            running.Cancel();
    }

    /// <summary>Stops all, and whatever is taken later.</summary>
    public void CancelAll()
    {
        _closed = true;
        CancelRunning();
    }

    /// <summary>How often all was stopped; an order that was taken before the last time is not started any more.</summary>
    public int Stops => Volatile.Read(ref _stops);

    /// <summary>Stops what runs and waits now.</summary>
    public void CancelRunning()
    {
        Interlocked.Increment(ref _stops);
        foreach (Running running in _running.Values)
            running.Cancel();
    }

    public void Dispose() => _slots.Dispose();

    /// <summary>Why an order would not be run here, however it is; null where it would.</summary>
    public CommandOutcome? Refusal(OrderStatement order, ReadOnlySpan<byte> arguments)
    {
        if (Refusal(order.Command, order.RunAs) is { } refusal)
            return refusal;
        // All steps before the first is begun: none is done where one may not be.
        foreach ((int index, OrderStep step) in (OrderCommands.Of(order.Command, order.Format, arguments).Steps?.Steps ?? []).Index())
        {
            if (Refusal(step.Command, step.RunAs) is { } refused)
                return refused with { Error = refused.Error! with { Message = $"Step {index + 1}: {refused.Error.Message}" } };
        }

        return _running.Count >= options.MaxWaitingCommands
            ? CommandOutcome.Failed("TooManyOrders", $"{options.MaxWaitingCommands} orders wait on the client already. Try again later.")
            : null;
    }

    private CommandOutcome? Refusal(string name, string? runAs)
    {
        if (configuration().Policy.Refusal(configuration().Labels.Identity, name, runAs) is { } refusal)
            return refusal;
        if (commands.Find(name) is not { } command)
        {
            return CommandOutcome.Failed("UnknownCommand",
                $"The client has no command '{DisplayText.Clean(name, 80)}'. It has: {string.Join(", ", commands.CommandNames)}. Add one with Register-PantryCommand.");
        }

        return runAs is not null && !command.CanRunAs && !RunAsUser.IsOwn(runAs)
            ? RunAsUser.NotPossible($"The command {command.Name} runs as the client's own user alone. Leave -RunAs out, or send a shell command or a script.")
            : null;
    }

    private async Task<CommandOutcome> OutcomeAsync(OrderWork order)
    {
        if (Refusal(order.Statement, order.Arguments) is { } refusal)
            return refusal;
        ICommand command = commands.Find(order.Statement.Command)!;

        using var running = new Running(TimeSpan.FromSeconds(Math.Clamp(order.Statement.TimeoutSeconds, 0.01, TimeSpan.FromDays(30).TotalSeconds)), time);
        _running[order.Statement.Job] = running;
        // Looked at after the order can be found: one that comes while all are being stopped is stopped as well.
        if (_closed || order.Stops != Stops)
            running.Cancel();
        try
        {
            await _slots.WaitAsync(running.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _running.TryRemove(order.Statement.Job, out _);
            return Interrupted(order, running, "before it could start: the client was busy with other commands", null);
        }

        try
        {
            return IsOver(order.Statement)
                ? Ended(CommandStatus.Expired, nameof(OrderFault.OrderExpired),
                    $"The order was good until {order.Statement.NotAfter:u}, and the client was busy with other commands until after that. Send it again.")
                : await RunCommandAsync(order, command, running).ConfigureAwait(false);
        }
        finally
        {
            _running.TryRemove(order.Statement.Job, out _);
            _slots.Release();
        }
    }

    // It stood when it came; what has waited for its turn since then must stand still.
    private bool IsOver(OrderStatement statement) => time.GetUtcNow() - statement.NotAfter > options.ClockSkew;

    private async Task<CommandOutcome> RunCommandAsync(OrderWork order, ICommand command, Running running)
    {
        var context = new CommandContext(order.Statement.Job, order.Arguments, order.Statement.Format, order.Secrets, order.Statement.RunAs, options, facts)
        {
            Home = configuration().Path,
            Client = labels(),
            Begin = order.Begin,
            TimedOut = () => running.TimedOut,
        };
        using OutputPump? live = order.Live?.Invoke(context.Redactor);
        CommandOutcome outcome = await RunCommandAsync(order, command, context with { Live = live }, running).ConfigureAwait(false);
        return context.Redactor.IsEmpty ? outcome : outcome with
        {
            Error = context.Redactor.Redact(outcome.Error),
            StandardOutput = context.Redactor.Redact(outcome.StandardOutput),
            StandardError = context.Redactor.Redact(outcome.StandardError),
            Output = outcome.IsRedacted ? outcome.Output : context.Redactor.Redact(outcome.Output),
        };
    }

    private async Task<CommandOutcome> RunCommandAsync(OrderWork order, ICommand command, CommandContext context, Running running)
    {
        Task<CommandOutcome> work = Task.Run(() => command.RunAsync(context, running.Token));
        try
        {
            TimeSpan patience = options.TerminationGrace * 2 + options.OutputDrain + Unheeded;
            await Task.WhenAny(work, running.Stopped).ConfigureAwait(false);
            if (!work.IsCompleted && await Task.WhenAny(work, Task.Delay(patience)).ConfigureAwait(false) != work)
                return Interrupted(order, running, "but could not be stopped: it may still run", null);

            CommandOutcome outcome = await work.ConfigureAwait(false);
            return running.Token.IsCancellationRequested && outcome.Status != CommandStatus.Succeeded
                ? Interrupted(order, running, "", outcome)
                : outcome;
        }
        catch (InterruptedException interrupted)
        {
            return Interrupted(order, running, "", new CommandOutcome
            {
                StandardOutput = interrupted.SoFar.StandardOutput,
                StandardError = interrupted.SoFar.StandardError,
                Truncated = interrupted.SoFar.Truncated,
                TextEncoding = ChildProcess.ConsoleEncoding,
            });
        }
        catch (OperationCanceledException) when (running.Token.IsCancellationRequested)
        {
            return Interrupted(order, running, "", null);
        }
        catch (PantryException error)
        {
            return CommandOutcome.Failed(error.Code.ToString(), error.Message);
        }
        catch (Exception exception)
        {
            log.LogError("The command {Command} of job {Job} failed inside Pantry: {Error}", order.Statement.Command, order.Statement.Job, context.Redactor.Redact(exception.ToString()));
            return CommandOutcome.Failed("CommandFailed", $"The command {order.Statement.Command} failed: {exception.Message}");
        }
    }

    private static CommandOutcome Interrupted(OrderWork order, Running running, string how, CommandOutcome? soFar)
    {
        string tail = how.Length > 0 ? $", {how}" : " and was stopped with all it had started";
        CommandOutcome ended = running.TimedOut
            ? Ended(CommandStatus.TimedOut, "RunTimedOut", $"The command had {order.Statement.TimeoutSeconds:0.###} s to run{tail}. Give it more with -Timeout.")
            : Ended(CommandStatus.Cancelled, "Cancelled", $"The command was cancelled{tail}.");
        return soFar is null ? ended : soFar with { Status = ended.Status, Error = ended.Error };
    }

    private static CommandOutcome Ended(CommandStatus status, string code, string message) =>
        new() { Status = status, Error = new CommandError(code, message) };

    private sealed class Running : IDisposable
    {
        private readonly CancellationTokenSource _cancelled = new();
        private readonly CancellationTokenSource _timeout;
        private readonly CancellationTokenSource _either;
        private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Running(TimeSpan timeout, TimeProvider time)
        {
            _timeout = new CancellationTokenSource(timeout, time);
            _either = CancellationTokenSource.CreateLinkedTokenSource(_cancelled.Token, _timeout.Token);
            _either.Token.Register(_stopped.SetResult);
        }

        public CancellationToken Token => _either.Token;

        public Task Stopped => _stopped.Task;

        public bool TimedOut => !_cancelled.IsCancellationRequested;

        public void Cancel()
        {
            try
            {
                _cancelled.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // It has just ended by itself.
            }
        }

        public void Dispose()
        {
            _either.Dispose();
            _timeout.Dispose();
            _cancelled.Dispose();
        }
    }
}
