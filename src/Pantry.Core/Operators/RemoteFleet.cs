using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Sessions;
using Pantry.Transport;

namespace Pantry.Operators;

/// <summary>The fleet of a server elsewhere, over a session of one's own.</summary>
internal sealed partial class RemoteFleet : IFleet, ILinkOwner, IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, RemoteJob> _jobs = new();
    private readonly PantryOptions _options;
    private readonly ILogger _log;
    private readonly LinkCredentials _credentials;
    private readonly SigningKey _signingKey;
    private readonly OrderSigner _signer;
    private ServerLink? _link;
    private readonly SemaphoreSlim _asking;
    private int _starting;

    private RemoteFleet(OperatorCredentials operatorCredentials, PantryOptions options, TimeProvider time, ILogger log)
    {
        Server = new ServerAddress(operatorCredentials.Address, 0, operatorCredentials.ReceivePort);
        Place = new FleetPlace(
            operatorCredentials.Address, operatorCredentials.ReceivePort, operatorCredentials.ServerPublicKey, operatorCredentials.Network);
        _options = options;
        // Half of what the server answers: lists take none of these places, and an answer is here before it counts as given there.
        _asking = new SemaphoreSlim(Math.Max(1, options.MaxOperatorRequests / 2));
        _log = log;
        _credentials = new LinkCredentials(
            CurveKeyPair.TryParseSecret(operatorCredentials.SessionKey)
                ?? throw new PantryException(PantryErrorCode.InvalidKey, "The operator's session key is no key. Make the operator's file anew with New-PantryOperator."),
            PublicKey.Parse(operatorCredentials.ServerPublicKey, "public key of the server"), SessionRole.Operator, operatorCredentials.Network);
        _signingKey = SigningKey.FromPem(operatorCredentials.SigningKey, null);
        _signer = new OrderSigner(operatorCredentials.Name, _signingKey, operatorCredentials.Network, options, time);
    }

    public ServerAddress Server { get; }

    public FleetPlace Place { get; }

    public string ServerVersion { get; private set; } = "";

    public ServiceStatus Status => _link?.Status ?? ServiceStatus.Stopped;

    /// <summary>Name of the operator whose keys these are.</summary>
    public string Operator => _signer.Name;

    int ILinkOwner.RunningJobs => _jobs.Count;

    LinkCredentials ILinkOwner.Credentials => _credentials;

    /// <summary>Connects to a server.</summary>
    /// <exception cref="PantryException">The server could not be reached, is none, or refused.</exception>
    public static async Task<RemoteFleet> ConnectAsync(
        OperatorCredentials credentials, SocketLoop? loop = null, PantryOptions? options = null, TimeProvider? time = null, ILogger? log = null,
        CancellationToken cancellation = default)
    {
        var fleet = new RemoteFleet(credentials, options ?? new PantryOptions(), time ?? TimeProvider.System, log ?? NullLogger.Instance);
        try
        {
            fleet._link = await ServerLink.OpenAsync(
                fleet.Server, hearsOrders: false, fleet, loop, fleet._options, time ?? TimeProvider.System, fleet._log, cancellation).ConfigureAwait(false);
            return fleet;
        }
        catch
        {
            fleet.WipeKeys();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_link is not { } link)
            return;
        try
        {
            if (link.Status == ServiceStatus.Running)
                await link.RequestAsync(MessageKind.Leave, new Leave("the operator disconnects"), [], _options.StopTimeout, default).ConfigureAwait(false);
        }
        catch (PantryException unheard)
        {
            _log.LogInformation("The server did not hear the goodbye: {Reason}", unheard.Message);
        }

        await link.DisposeAsync().ConfigureAwait(false);
        foreach (RemoteJob job in _jobs.Values)
            job.Fail(new PantryException(PantryErrorCode.Stopped, "The connection was closed before the job ended; it goes on without this console."));
        WipeKeys();
    }

    public async IAsyncEnumerable<ClientInfo> FindClientsAsync(ClientFilter filter, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (ClientPage page in PagesAsync<ClientPage>(MessageKind.ListClients, new ListClients(filter), page => page.Last, cancellation).ConfigureAwait(false))
        {
            foreach (ClientInfo client in page.Clients)
                yield return client;
        }
    }

    public async IAsyncEnumerable<AuditEntry> FindAuditAsync(AuditFilter filter, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (AuditPage page in PagesAsync<AuditPage>(MessageKind.ListAudit, new ListAudit(filter), page => page.Last, cancellation).ConfigureAwait(false))
        {
            foreach (AuditEntry entry in page.Entries)
                yield return entry;
        }
    }

    private async IAsyncEnumerable<T> PagesAsync<T>(MessageKind kind, object request, Func<T, bool> isLast, [EnumeratorCancellation] CancellationToken cancellation)
    {
        // The reading task cannot wait for a console that prints slowly: where too much waits, the list ends with an error.
        var pages = Channel.CreateBounded<Message>(_options.WaitingPages);
        using IDisposable subscription = await Link.RequestStreamAsync(kind, request, message =>
        {
            if (!pages.Writer.TryWrite(message))
                pages.Writer.TryComplete();
        }).ConfigureAwait(false);
        while (true)
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            deadline.CancelAfter(_options.RequestTimeout);
            Message message;
            try
            {
                message = await pages.Reader.ReadAsync(deadline.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                throw new PantryException(PantryErrorCode.TimedOut, $"The server {Server} did not send its list within {_options.RequestTimeout.TotalSeconds:0} s.");
            }
            catch (ChannelClosedException)
            {
                throw new PantryException(PantryErrorCode.LimitReached,
                    $"The server {Server} sent its list faster than it was read: {_options.WaitingPages:N0} pages waited. Ask for less at once.");
            }

            if (message.Head is Refused refused)
                throw ServerLink.FromRefused(refused);
            if (message.Head is not T page)
                continue;
            yield return page;
            if (isLast(page))
                yield break;
        }
    }

    public async Task<IJob> StartJobAsync(JobRequest request, CancellationToken cancellation)
    {
        SignedJob signed = await SignAsync(request, cancellation).ConfigureAwait(false);
        var start = new StartJob(signed.Order.Signature, signed.Target, signed.DeliveryTimeout.TotalSeconds, signed.BatchSize, signed.MaxFailure);
        Interlocked.Increment(ref _starting);
        try
        {
            Message answer = await RequestAsync(
                MessageKind.StartJob, start, [signed.Order.Statement, signed.Arguments, signed.Secrets, signed.Entries], cancellation).ConfigureAwait(false);
            JobStarted started = Expect<JobStarted>(answer);
            var job = new RemoteJob(started.Job, started.Targets, this, _options.RowWindow);
            // Rows may have come in the moment since the answer; they waited for the job to be known.
            return _jobs.AddOrUpdate(started.Job, job, (_, early) => early.Adopt(started.Targets));
        }
        finally
        {
            if (Interlocked.Decrement(ref _starting) == 0)
            {
                foreach (RemoteJob stray in _jobs.Values.Where(job => !job.Adopted))
                    Remove(stray);
            }
        }
    }

    public async Task<Enrollment> EnrolAsync(Enrol request, CancellationToken cancellation) =>
        (await AskAsync<Enrolled>(MessageKind.Enrol, request, cancellation).ConfigureAwait(false)).Enrollment;

    public async Task<EnrollmentToken> CreateTokenAsync(CreateToken request, CancellationToken cancellation) =>
        (await AskAsync<TokenCreated>(MessageKind.CreateToken, request, cancellation).ConfigureAwait(false)).Token;

    public async Task<ClientInfo> DecideAsync(DecideClient request, CancellationToken cancellation) =>
        (await AskAsync<ClientDecided>(MessageKind.DecideClient, request, cancellation).ConfigureAwait(false)).Client;

    public async Task<(OperatorList List, byte[] Bundle)> ListOperatorsAsync(CancellationToken cancellation)
    {
        Message answer = await RequestAsync(MessageKind.ListOperators, new ListOperators(), [], cancellation).ConfigureAwait(false);
        return (Expect<OperatorList>(answer), answer.Body(0));
    }

    public Task<OperatorList> AddOperatorAsync(AddOperator request, CancellationToken cancellation) =>
        AskAsync<OperatorList>(MessageKind.AddOperator, request, cancellation);

    public Task<OperatorList> RevokeOperatorAsync(string name, CancellationToken cancellation) =>
        AskAsync<OperatorList>(MessageKind.RevokeOperator, new RevokeOperator(name), cancellation);

    public async Task<OperatorList> PutBundleAsync(byte[] bundle, CancellationToken cancellation) =>
        Expect<OperatorList>(await RequestAsync(MessageKind.PutBundle, new PutBundle(), [bundle], cancellation).ConfigureAwait(false));

    public async Task<AuditLogCheck> VerifyAuditAsync(string? checkpoint, CancellationToken cancellation) =>
        (await AskAsync<AuditVerified>(MessageKind.VerifyAudit, new VerifyAudit(checkpoint), cancellation).ConfigureAwait(false)).Check;

    (MessageKind Kind, object Head) ILinkOwner.Introduction() =>
        (MessageKind.Connect, new Connect($"{Environment.UserName}@{Environment.MachineName}", PantryVersion.Current));

    Task ILinkOwner.IntroducedAsync(ServerLink link, Message answer)
    {
        ServerVersion = Expect<Connected>(answer).ServerVersion;
        return Task.CompletedTask;
    }

    async Task ILinkOwner.ReadyAsync(ServerLink link)
    {
        foreach (RemoteJob job in _jobs.Values)
        {
            try
            {
                await AttachAsync(link, job).ConfigureAwait(false);
            }
            catch (PantryException lost) when (lost.Code == PantryErrorCode.ConnectionLost)
            {
                return; // The next link attaches them all.
            }
            catch (PantryException gone)
            {
                Remove(job);
                job.Fail(gone);
            }
        }
    }

    void ILinkOwner.ReceivePublished(ServerLink link, TopicId topic, byte[] frame)
    {
        // An operator subscribes to nothing.
    }

    void ILinkOwner.Receive(ServerLink link, Message message)
    {
        switch (message.Head)
        {
            case Row row:
                Job(row.Job)?.Add(new ResultRow(row.Number, row.Client, row.RoundTrip, row.Result, message.Bodies));
                break;
            case JobEnded ended:
                Job(ended.Job)?.End();
                break;
            default:
                break;
        }
    }

    Task ILinkOwner.BeatAsync(ServerLink link) => Task.CompletedTask;

    internal async Task CancelAsync(RemoteJob job) => await Link.SendAsync(new Message(MessageKind.CancelJob, new CancelJob(job.Id))).ConfigureAwait(false);

    internal async Task TakenAsync(RemoteJob job, int next) => await Link.SendAsync(new Message(MessageKind.RowsTaken, new RowsTaken(job.Id, next))).ConfigureAwait(false);

    internal void Remove(RemoteJob job) => _jobs.TryRemove(job.Id, out _);

    private async Task AttachAsync(ServerLink link, RemoteJob job)
    {
        for (bool attached = false; !attached;)
        {
            try
            {
                await link.RequestAsync(MessageKind.AttachJob, new AttachJob(job.Id, job.Next, job.Taken), [], _options.RequestTimeout, default).ConfigureAwait(false);
                attached = true;
            }
            catch (PantryException late) when (late.Code == PantryErrorCode.TimedOut)
            {
                // A slow server says nothing about the job: it is asked again for as long as there is the link.
            }
        }

        // What was taken in the moment before may have been said to the old session.
        await TakenAsync(job, job.Taken).ConfigureAwait(false);
    }

    private async Task<SignedJob> SignAsync(JobRequest request, CancellationToken cancellation)
    {
        if (request.Secrets is not { Count: > 0 })
            return _signer.Sign(request);
        (JobRequest listed, Func<string, PublicKey> keyOf) = await SecretTargets.ExpandAsync(this, request, cancellation).ConfigureAwait(false);
        return _signer.Sign(listed, keyOf);
    }

    private async Task<T> AskAsync<T>(MessageKind kind, object request, CancellationToken cancellation) =>
        Expect<T>(await RequestAsync(kind, request, [], cancellation).ConfigureAwait(false));

    private async Task<Message> RequestAsync(MessageKind kind, object head, IReadOnlyList<byte[]> bodies, CancellationToken cancellation)
    {
        await _asking.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            return await Link.RequestAsync(kind, head, bodies, _options.RequestTimeout, cancellation).ConfigureAwait(false);
        }
        finally
        {
            _asking.Release();
        }
    }

    private void WipeKeys()
    {
        _credentials.Own.Dispose();
        _signingKey.Dispose();
    }

    private ServerLink Link => _link ?? throw new PantryException(PantryErrorCode.NotConnected, "There is no connection to a server.");

    /// <summary>The job; one that nobody here reads any more is unknown, unless a start is just being answered.</summary>
    private RemoteJob? Job(string id) => _jobs.TryGetValue(id, out RemoteJob? job) ? job
        : Volatile.Read(ref _starting) == 0 ? null
        : _jobs.GetOrAdd(id, _ => new RemoteJob(id, [], this, _options.RowWindow) { Adopted = false });

    private T Expect<T>(Message answer) => answer.Head is T head
        ? head
        : throw new PantryException(PantryErrorCode.NotAPantryServer, $"The server {Server} answered with {answer.Kind}, which is no answer to that request.");
}
