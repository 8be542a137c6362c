using System.Text.Json;
using Microsoft.Extensions.Logging;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Sessions;
using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.Client;

/// <summary>
/// From an order to its confirmed result: judged, acknowledged, written into the journal, run at most once, answered until
/// the server has the answer.
/// </summary>
internal sealed class OrderDuty(
    Func<ClientConfiguration> configuration, ClientHome home, CommandTable commands, PantryOptions options, TimeProvider time, ILogger log, Func<ClientFacts> facts) : IDisposable
{
    private const int UnbundledOrders = 1024;

    private readonly OrderGuard _guard = new(home, options, time);
    private readonly OrderRunner _runner = new(configuration, commands, options, time, log, facts, () => home.Trust?.Labels ?? configuration().Labels);
    private readonly ResultOutbox _outbox = Outbox(home, options, time, log);
    private readonly SeenOrders _seen = new(options.SeenOrders);
    // Orders that came once without the bundle that they need.
    private readonly SeenOrders _unbundled = new(UnbundledOrders);
    private readonly OutputPumps _live = new(options, time, log);
    private long _askedAt;

    public int Count => _runner.Count;

    /// <summary>Results that the server has not confirmed.</summary>
    public int Unconfirmed => _outbox.Count;

    /// <summary>Completes when no order is at work any more.</summary>
    public Task Settled => _runner.Idle;

    private ClientLabels Labels => home.Trust?.Labels ?? configuration().Labels;

    /// <summary>Takes an order that came; what is not for this client, not its turn or does not stand ends here.</summary>
    public void Take(ServerLink link, Message message)
    {
        var order = message.HeadAs<Order>();
        if (!OrderGuard.IsTurn(order, Labels.Identity))
            return;
        if (_guard.NeedsNewerBundle(order) && !order.Direct)
            return; // It comes again over the session, behind the bundle.

        OrderVerdict verdict = _guard.Judge(message, Labels);
        if (!verdict.Stands)
        {
            RefuseUnlessBehind(link, order, verdict);
            return;
        }

        bool isNew = _seen.TryAdd(order.Job);
        if (!isNew || IsJournaled(verdict.Statement))
            Acknowledge(link, order.Job);
        if (isNew)
            Start(link, message, verdict.Statement);
        else if (_outbox.Find(order.Job) is { } result)
            _ = link.SendAsync(result);
    }

    /// <summary>Says whether an order would be carried out, without doing so.</summary>
    public void Prepare(ServerLink link, Message message)
    {
        var order = message.HeadAs<Order>();
        OrderVerdict verdict = _guard.Judge(message, Labels);
        if (!verdict.Stands)
            RefuseUnlessBehind(link, order, verdict);
        else if (_runner.Refusal(verdict.Statement, message.Body(Order.ArgumentsBody)) is not { } refusal)
            _ = link.SendAsync(new Message(MessageKind.Prepared, new Prepared(order.Job)));
        else if (_seen.TryAdd(order.Job))
            Answer(link, order.Job, refusal.Status, refusal.Error!.Code, refusal.Error.Message);
    }

    /// <summary>Stops an order's command; one that has not come yet is never started.</summary>
    public void Cancel(ServerLink link, string job)
    {
        _runner.Cancel(job);
        // The order itself may still be on its way: it is taken for seen, and never started.
        if (_seen.TryAdd(job))
            Answer(link, job, CommandStatus.Cancelled, "Cancelled", "Cancelled before it was started.");
    }

    /// <summary>The server has a result.</summary>
    public void Confirm(string job)
    {
        _outbox.Confirm(job);
        try
        {
            home.Journal.Confirm(job);
        }
        catch (PantryException unwritten)
        {
            log.LogWarning("The result of job {Job} stays in the journal, and is sent again after a restart: {Reason}", job, unwritten.Message);
        }
    }

    /// <summary>The server has pieces of a command's output.</summary>
    public void Confirm(OutputStored stored) => _live.Confirm(stored);

    /// <summary>There is a new link: what went over the last one may be lost.</summary>
    public void ResumeLive() => _live.Resume();

    public IReadOnlyList<Message> Due(bool everything) => _outbox.Due(everything);

    /// <summary>Stops what runs; later orders are run again.</summary>
    public void StopRunning() => _runner.CancelRunning();

    /// <summary>Stops all, and whatever is taken later.</summary>
    public void Close() => _runner.CancelAll();

    /// <summary>Waits until every result is confirmed; false where the time was not enough.</summary>
    public async Task<bool> DrainAsync(CancellationToken deadline)
    {
        try
        {
            await _runner.Idle.WaitAsync(deadline).ConfigureAwait(false);
            await _outbox.Empty.WaitAsync(deadline).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    public void Dispose() => _runner.Dispose();

    // What a run of the client before this one has done, and the server never heard of.
    private static ResultOutbox Outbox(ClientHome home, PantryOptions options, TimeProvider time, ILogger log)
    {
        var outbox = new ResultOutbox(options, time);
        foreach ((string job, byte[] head, IReadOnlyList<byte[]> bodies) in home.Journal.Unsent())
        {
            if (SecurityJson.TryRead(head, WireJson.Default.Result, head.Length) is { } result)
                outbox.Add(new Message(MessageKind.Result, result) { Bodies = bodies });
            else
                log.LogError("The result of job {Job} in the journal is damaged; it is not sent.", job);
        }

        return outbox;
    }

    /// <summary>
    /// The bundle can be just behind the order, for the server sends both from different threads; or it could not be kept
    /// here. It is asked for, and the order comes again, once: the server's word on serials must not hold back the answer.
    /// </summary>
    private bool MayStand(ServerLink link, string job)
    {
        if (!_unbundled.TryAdd(job))
            return false;
        long now = time.GetTimestamp(), asked = Interlocked.Read(ref _askedAt);
        if ((asked == 0 || time.GetElapsedTime(asked, now) > options.BundleRetry) && Interlocked.CompareExchange(ref _askedAt, now, asked) == asked)
            link.IntroduceAnew();
        return true;
    }

    private void RefuseUnlessBehind(ServerLink link, Order order, OrderVerdict verdict)
    {
        if (!_guard.NeedsNewerBundle(order) || !MayStand(link, order.Job))
            Refuse(link, order, verdict);
    }

    private void Refuse(ServerLink link, Order order, OrderVerdict verdict)
    {
        // What was published for others is none of our business.
        if (!order.Direct && verdict.Fault == OrderFault.NotMeantForUs)
            return;
        log.LogWarning("Order {Job} is refused: {Code}: {Reason}", DisplayText.Clean(order.Job, 80), verdict.Code, verdict.Message);
        // A published one comes again over the session, where there is no doubt who is asked; that one is answered.
        if (!order.Direct || !_seen.TryAdd(order.Job))
            return;
        // It is asked what became of it: it may have been begun while it was good, by a run of the client before this one.
        if (verdict.Statement is { } statement && home.Journal.Find(statement.Job) is not null)
        {
            AnswerBegun(link, statement);
            return;
        }

        CommandStatus status = verdict.Fault is OrderFault.OrderExpired or OrderFault.ClockSkew ? CommandStatus.Expired : CommandStatus.Denied;
        Answer(link, order.Job, status, verdict.Code, verdict.Message);
    }

    private void Start(ServerLink link, Message message, OrderStatement statement)
    {
        // As it is now: what is stopped while the journal is written is not started after that.
        int stops = _runner.Stops;
        _ = Task.Run(() => RunAsync(link, message, statement, stops));
    }

    private static void Acknowledge(ServerLink link, string job) => _ = link.SendAsync(new Message(MessageKind.Accepted, new Accepted(job)));

    // What may be done twice is acknowledged by its result where that follows at once: half as much for a server to take in.
    private async Task AcknowledgeLaterAsync(ServerLink link, string job, CancellationToken answered)
    {
        try
        {
            await Task.Delay(options.AcknowledgeAfter, time, answered).ConfigureAwait(false);
            Acknowledge(link, job);
        }
        catch (OperationCanceledException)
        {
            // Its result is on its way.
        }
    }

    private async Task RunAsync(ServerLink link, Message message, OrderStatement statement, int stops)
    {
        using var answered = new CancellationTokenSource();
        if (!IsJournaled(statement))
            _ = AcknowledgeLaterAsync(link, statement.Job, answered.Token);
        try
        {
            if (IsJournaled(statement) && home.Journal.Find(statement.Job) is not null)
            {
                AnswerBegun(link, statement);
                return;
            }

            if (TryBegin(statement) is { } refusal)
            {
                Answer(link, statement.Job, refusal.Status, refusal.Error!.Code, refusal.Error.Message);
                return;
            }

            if (_guard.Secrets(message, statement, Labels) is not { } secrets)
            {
                Answer(link, statement.Job, CommandStatus.Failed, "SecretsUnreadable", "The order's secrets are not sealed to this client's key. Send the order again.");
                return;
            }

            var work = new OrderWork(statement, message.Body(Order.ArgumentsBody), secrets, stops)
            {
                Begin = () => home.Journal.TryBegin(statement.Job, statement.NotAfter),
                Live = message.HeadAs<Order>().Live ? redactor => _live.Begin(statement.Job, link.SendAsync, redactor) : null,
            };
            log.LogInformation("Order {Job} of operator {Operator} is taken: {Command}.", statement.Job, statement.Operator, statement.Command);
            await _runner.RunAsync(work, result =>
            {
                log.LogInformation("Order {Job} has ended: {Status}.", statement.Job, result.HeadAs<Result>().Status);
                result = _outbox.Add(result);
                NoteEnd(statement, result);
                return link.SendAsync(result);
            }).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            log.LogError(exception, "The result of job {Job} could not be sent.", statement.Job);
        }
        finally
        {
            await answered.CancelAsync().ConfigureAwait(false);
        }
    }

    private void NoteEnd(OrderStatement statement, Message result)
    {
        try
        {
            if (IsJournaled(statement))
                home.Journal.End(statement.Job, JsonSerializer.SerializeToUtf8Bytes(result.HeadAs<Result>(), WireJson.Default.Result), result.Bodies);
        }
        catch (PantryException unwritten)
        {
            // It is sent all the same; only a crash before the server has it would lose it now.
            log.LogError("The result of job {Job} could not be written down: {Reason}", statement.Job, unwritten.Message);
        }
    }

    // What may be done twice needs no journal; all else is written down before it is begun.
    private bool IsJournaled(OrderStatement statement) => commands.Find(statement.Command) is not { IsRepeatable: true };

    private CommandOutcome? TryBegin(OrderStatement statement)
    {
        try
        {
            return !IsJournaled(statement) || commands.Find(statement.Command) is { BeginsItself: true } || home.Journal.TryBegin(statement.Job, statement.NotAfter) ? null : new CommandOutcome
            {
                Status = CommandStatus.Expired,
                Error = new CommandError(nameof(OrderFault.OrderExpired), "The order was over for so long that the client does not remember whether it ran it."),
            };
        }
        catch (PantryException unwritten)
        {
            return CommandOutcome.Failed(unwritten.Code.ToString(), $"The client could not write the order into its journal, so it was not run: {unwritten.Message}");
        }
    }

    // A run of the client before this one has begun the order: its result waits to be sent, or nobody knows it.
    private void AnswerBegun(ServerLink link, OrderStatement statement)
    {
        if (_outbox.Find(statement.Job) is { } result)
            _ = link.SendAsync(result);
        else
            Answer(link, statement.Job, CommandStatus.Lost, "ClientRestarted", home.Journal.Find(statement.Job) == JournalState.Ended
                ? "The client ran the order before it was restarted; its result is gone."
                : "The client was restarted while it ran the order; how far it came is not known.");
    }

    private void Answer(ServerLink link, string job, CommandStatus status, string code, string message) =>
        _ = link.SendAsync(_outbox.Add(new Message(MessageKind.Result, Result.WithoutRun(job, status, code, message))));
}

/// <summary>An order that stands, with what came beside it.</summary>
/// <param name="Statement">What its operator signed.</param>
/// <param name="Arguments">The arguments, as the statement's format says.</param>
/// <param name="Secrets">Values that were sealed to this client.</param>
/// <param name="Stops">How often all was stopped before the order was taken.</param>
internal sealed record OrderWork(OrderStatement Statement, byte[] Arguments, IReadOnlyDictionary<string, byte[]> Secrets, int Stops)
{
    /// <summary>Notes that it is begun, for a command that says so itself.</summary>
    public Func<bool> Begin { get; init; } = () => true;

    /// <summary>Begins to bring output while the command runs; null where that is not wanted.</summary>
    public Func<SecretRedactor, OutputPump>? Live { get; init; }
}
