using Microsoft.Extensions.Logging;
using Pantry.Protocol;

namespace Pantry.Sessions;

/// <summary>
/// Introduces this side on each new connection, again and again until the server lets it in, and holds back what the server
/// says before the owner has carried that out.
/// </summary>
/// <param name="link">The link, for its owner.</param>
/// <param name="context">What the parts of a link share.</param>
/// <param name="line">The connection.</param>
/// <param name="requests">The link's requests; this one's answer is the server's yes or no.</param>
/// <param name="heartbeat">Whose times the server sets with its answer.</param>
/// <param name="stopping">Ends it.</param>
internal sealed class LinkIntroduction(
    ServerLink link, LinkContext context, LinkLine line, LinkRequests requests, LinkHeartbeat heartbeat, CancellationToken stopping)
{
    // What a server may say between its answer to an introduction and the moment that is carried out.
    private const int MostEarly = 1024;

    // So often a refusal without a reason of its own is taken for the answer to what an earlier connection had left behind.
    private const int MostUnfit = 3;

    // Guards the turn from held back to handed over: what comes in that moment goes the way of what came before.
    private readonly Lock _turning = new();
    private readonly Queue<Message> _early = new();
    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenSource? _attempt;
    private volatile bool _ready;
    private volatile bool _anew;
    private volatile PantryException? _lastFault;
    private volatile PantryException? _refusal;
    private int _unfit;

    /// <summary>Whether the server has let this side in on the present connection.</summary>
    public bool IsReady => _ready;

    /// <summary>The server's newest refusal, until it lets this side in; null where there is none.</summary>
    public PantryException? Refusal => _refusal;

    /// <summary>Whether this side wants to introduce itself anew on the present connection.</summary>
    public bool IsAskedAnew => _anew;

    /// <summary>Wishes for another introduction on the present connection.</summary>
    public void AskAnew() => _anew = true;

    /// <summary>Why the last attempt came to nothing; null where there was none.</summary>
    public PantryException? LastFault => _lastFault;

    /// <summary>Waits until the server has let this side in for the first time.</summary>
    /// <exception cref="PantryException">The server could not be reached, is not the expected one, or refused.</exception>
    public async Task FirstAsync(CancellationToken cancellation)
    {
        TimeSpan most = context.Options.ConnectTimeout;
        try
        {
            await _first.Task.WaitAsync(most, context.Time, cancellation).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw line.IsUp
                ? new PantryException(PantryErrorCode.NotAPantryServer,
                    $"Something at {context.Server} speaks ZeroMQ but did not let this side in within {most.TotalSeconds:0.#} s. "
                    + $"Check that the port is the receive port of a Pantry server, and that its key is {context.Owner.Credentials.Server.Fingerprint}.")
                { Target = context.Server.ToString() }
                : _lastFault ?? new PantryException(PantryErrorCode.ServerUnreachable,
                    $"No server could be reached at {context.Server} within {most.TotalSeconds:0.#} s. Check address and port, and that the server runs.")
                { Target = context.Server.ToString() };
        }
    }

    /// <summary>There is a connection, or the server asks anew who this is. On the reading task.</summary>
    public void Begin()
    {
        var attempt = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        lock (_turning)
            _attempt = attempt;
        _ = RunAsync(line.Session, attempt.Token);
    }

    /// <summary>What was said of this side counts no more; requests under way are not answered. On the reading task.</summary>
    public void End()
    {
        bool wasReady;
        lock (_turning)
        {
            wasReady = _ready;
            _ready = _anew = false;
            _early.Clear();
            _attempt?.Cancel();
            _attempt?.Dispose();
            _attempt = null;
        }

        if (wasReady)
            context.Owner.Lost(link);
        requests.FailAll();
    }

    /// <summary>There is no connection.</summary>
    public void Failed(PantryException? fault)
    {
        _lastFault = fault;
        // What will not mend by itself is said at once to whoever waits for the first introduction.
        if (fault is { Code: PantryErrorCode.NotAPantryServer or PantryErrorCode.InvalidAddress })
            _first.TrySetException(fault);
    }

    /// <summary>The link stops: nobody is let in any more, and nobody needs to wait for it.</summary>
    public void GiveUp()
    {
        lock (_turning)
            _ready = false;
        _first.TrySetException(new PantryException(PantryErrorCode.Stopped, "The link was stopped."));
        _ = _first.Task.Exception;
    }

    /// <summary>Holds a message back until the introduction is carried out, which it may build upon. False where there is no need to.</summary>
    public bool TryHold(Message message)
    {
        lock (_turning)
        {
            if (_ready || message.Kind == MessageKind.Leave)
                return false;
            if (_early.Count < MostEarly)
                _early.Enqueue(message);
            else
                line.Redial(); // None may be missing: it begins anew.
            return true;
        }
    }

    private async Task RunAsync(LinkSession session, CancellationToken lost)
    {
        for (int refusals = 0; ;)
        {
            try
            {
                if (!await IntroduceAsync(session, lost).ConfigureAwait(false))
                    continue;
                Volatile.Write(ref _unfit, 0);
                _first.TrySetResult();
                await context.GuardedAsync(() => context.Owner.ReadyAsync(link, lost)).ConfigureAwait(false);
                return;
            }
            catch (PantryException late) when (late.Code == PantryErrorCode.TimedOut)
            {
                continue;
            }
            catch (PantryException lostOnTheWay) when (lostOnTheWay.Code == PantryErrorCode.ConnectionLost)
            {
                return; // The link's next state comes with an introduction of its own.
            }
            catch (PantryException unfit) when (unfit.Code == PantryErrorCode.Refused && Interlocked.Increment(ref _unfit) <= MostUnfit)
            {
                context.Log.LogInformation("The server {Server} could make nothing of a handshake; it is begun anew: {Reason}", context.Server, unfit.Message);
                continue;
            }
            catch (PantryException why)
            {
                PantryException refused = context.Owner.Explain(why);
                if (_first.TrySetException(refused) || stopping.IsCancellationRequested)
                    return;
                _lastFault = _refusal = refused;
                context.Owner.Refused(refused);
                context.Log.LogWarning("The server {Server} refuses: {Reason}", context.Server, refused.Message);
                refusals++;
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception exception)
            {
                context.Log.LogError(exception, "The introduction to {Server} failed.", context.Server);
                refusals++;
            }

            TimeSpan bound = TimeSpan.FromSeconds(Math.Min(Math.Pow(2, refusals), context.Options.RefusedRetry.TotalSeconds));
            try
            {
                await Task.Delay(bound * (0.5 + (Random.Shared.NextDouble() / 2)), context.Time, lost).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>False where the server has asked meanwhile who this is.</summary>
    private async Task<bool> IntroduceAsync(LinkSession session, CancellationToken lost)
    {
        await line.HandshakeAsync(session, lost).ConfigureAwait(false);
        (MessageKind kind, object head) = context.Owner.Introduction();
        Message answer = await requests.AskAsync(kind, head, [], context.Options.RegisterRetry, lost).ConfigureAwait(false);
        lost.ThrowIfCancellationRequested();
        await context.Owner.IntroducedAsync(link, answer).ConfigureAwait(false);
        lost.ThrowIfCancellationRequested();
        heartbeat.TakeTimes(answer);
        line.ForgetFailures();
        return BecomeReady(lost);
    }

    /// <summary>Hands over what came too early, in its order. False where either side has asked meanwhile for another introduction.</summary>
    private bool BecomeReady(CancellationToken lost)
    {
        lock (_turning)
        {
            lost.ThrowIfCancellationRequested();
            Message[] early = [.. _early];
            _early.Clear();
            if (early.Any(message => message.Head is Refused { Code: nameof(PantryErrorCode.NotConnected) } && message.Correlation == 0))
                return false;
            foreach (Message message in early)
                context.Owner.Receive(link, message);
            _refusal = null;
            if (!_anew)
                return _ready = true;
            return _anew = false;
        }
    }
}
